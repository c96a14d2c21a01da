import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { cleanEnvironment } from "./clean-environment.js";

/**
 * Runs a program in a process of its own and takes the time from its start to its first word on standard output.
 *
 * @returns milliseconds
 * @throws {Error} when the program fails or says something else than it should
 */
export function timeToFirstWord(program: URL, argument: string, expected: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const child = spawn(process.execPath, [fileURLToPath(program), argument], {
      env: cleanEnvironment(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    let elapsedMs: number | undefined;
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      elapsedMs ??= performance.now() - startedMs;
      said += text;
    });
    child.on("error", reject);
    // the next contender starts when this one is gone
    child.on("close", (code) => {
      if (code === 0 && elapsedMs !== undefined && said.trim() === expected) resolve(elapsedMs);
      else reject(new Error(`${program.pathname.split("/").at(-1)} ended with code ${code} and said "${said.trim()}", not "${expected}".`));
    });
  });
}
