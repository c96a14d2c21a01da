import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * Runs code of a test in a Node process of its own, for what is settled by a process's environment or flags.
 *
 * @param code an ES module; imports as from a file in `test/`
 * Packages that are `external` are not there.
 *
 * @returns what it printed, as JSON
 */
export async function inChild(
  code: string,
  { env = {}, flags = [], external = [] }: { env?: Record<string, string>; flags?: string[]; external?: string[] },
): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), "mtls-pop-"));
  try {
    const outfile = join(folder, "child.mjs");
    // CommonJS in the bundle calls `require`, which an ES module does not have
    const banner = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
    const resolveDir = fileURLToPath(new URL(".", import.meta.url));
    await build({
      stdin: { contents: code, resolveDir, loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      external,
      banner,
      outfile,
    });
    return JSON.parse(await outputOf([...flags, outfile], env));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function outputOf(args: string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const text = { out: "", err: "" };
    child.stdout.on("data", (chunk: Buffer) => (text.out += chunk));
    child.stderr.on("data", (chunk: Buffer) => (text.err += chunk));
    child.on("error", reject);
    child.on("close", (status) => (status === 0 ? resolve(text.out) : reject(new Error(`The child ended with ${status}: ${text.err}`))));
  });
}
