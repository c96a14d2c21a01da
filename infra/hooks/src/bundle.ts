import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HookContext } from "./hook-context.js";
import { HookError } from "./hook-error.js";
import { record, text } from "./rest-error.js";
import { runProgram } from "./run-program.js";

const TIMEOUT_MS = 15 * 60_000;

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));

/** What the build leaves in the folder that azd packs. */
const BUILT = ["host.json", "package.json", "dist/main.mjs"] as const;

/**
 * Builds the packages and the bundle of samples/keyvault-reader, with the pnpm that the repository names.
 *
 * @param repository its root
 */
export async function buildBundle({ say, signal }: Pick<HookContext, "say" | "signal">, repository = REPOSITORY): Promise<void> {
  const packageManager = await packageManagerOf(repository);
  say(`Building the app with ${packageManager}.`);
  await runProgram("npx", ["--yes", packageManager, "run", "build"], {
    signal,
    timeoutMs: TIMEOUT_MS,
    cwd: repository,
    shown: true,
    isScript: true,
  });
  const app = join(repository, "samples/keyvault-reader/app");
  for (const file of BUILT) {
    await access(join(app, file)).catch(() => {
      throw new HookError(`The build left no ${file} in samples/keyvault-reader/app.`, "Run `npx pnpm build` by hand to see why.");
    });
  }
  say("Bundle: samples/keyvault-reader/app is ready to be packed.");
}

/** `pnpm@10.34.9`, without the hash that may follow. */
async function packageManagerOf(repository: string): Promise<string> {
  const found = text(record(JSON.parse(await readFile(join(repository, "package.json"), "utf8")))["packageManager"]).split("+")[0] ?? "";
  // it becomes part of a command line on Windows
  if (!/^pnpm@\d+\.\d+\.\d+$/.test(found))
    throw new HookError("The root package.json names no pnpm as `packageManager`.", "Restore it from git.");
  return found;
}
