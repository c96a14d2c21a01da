import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A package as it would be published. */
export interface PackedPackage {
  name: string;
  tarball: string;
}

/** The repository's root, seen from `scripts/` as well as from `scripts/dist/`. */
const ROOT = fileURLToPath(new URL(import.meta.url.includes("/dist/") ? "../.." : "..", import.meta.url));

/**
 * Packs what stands built in every `packages/*` with `pnpm pack`, which puts versions in the place of `workspace:` and `catalog:`.
 *
 * @param destination an existing directory
 */
export async function packPackages(destination: string): Promise<PackedPackage[]> {
  const { packageManager } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const { stdout } = await promisify(execFile)(
    "npx",
    ["--yes", packageManager, "--filter", "./packages/*", "pack", "--json", "--pack-destination", destination],
    { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 },
  );
  const packed: unknown = JSON.parse(stdout);
  assertPacked(packed);
  return packed.map(({ name, filename }) => ({ name, tarball: filename })).sort((a, b) => a.name.localeCompare(b.name));
}

function assertPacked(packed: unknown): asserts packed is { name: string; filename: string }[] {
  const wellFormed = Array.isArray(packed) && packed.every((one) => typeof one?.name === "string" && typeof one?.filename === "string");
  if (!wellFormed) throw new TypeError("pnpm pack --json did not answer with a list of { name, filename }.");
}
