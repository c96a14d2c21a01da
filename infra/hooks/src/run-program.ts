import { spawn } from "node:child_process";
import { HookError, oneLine } from "./hook-error.js";

export interface ProgramOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** @default the hook's own folder */
  readonly cwd?: string;
  /** Its output goes to the terminal as it comes, and not to the caller. @default false */
  readonly shown?: boolean;
  /** `npx` and its like are scripts on Windows, which only a shell starts; arguments must be constants then. @default false */
  readonly isScript?: boolean;
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote
 * @throws {HookError} when it is not there, fails or takes longer than `timeoutMs`, with its own last words
 */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  const { signal, timeoutMs, cwd, shown = false, isScript = false } = options;
  signal.throwIfAborted();
  const timeout = AbortSignal.timeout(timeoutMs);
  const command = [program, ...args].join(" ");
  const isShell = isScript && process.platform === "win32";
  // given arguments beside a shell, Node 24 warns of security vulnerabilities (DEP0190)
  const child = spawn(isShell ? command : program, isShell ? [] : args, {
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ["ignore", shown ? "inherit" : "pipe", shown ? "inherit" : "pipe"],
    shell: isShell,
    signal: AbortSignal.any([signal, timeout]),
  });
  const said = { out: "", error: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said.error += text));
  return await new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (signal.aborted) return reject(signal.reason);
      if (timeout.aborted) {
        return reject(new HookError(`\`${command}\` took longer than ${timeoutMs / 1000} seconds.`, "Run it by hand to see why."));
      }
      const missing = error.code === "ENOENT";
      const help = missing ? `Install ${program}, and see that it is on PATH.` : "Run it by hand to see why.";
      reject(new HookError(missing ? `The program ${program} was not found.` : `\`${command}\`: ${error.message}`, help, error));
    });
    child.once("close", (code) => {
      if (code === 0) return resolve(said.out);
      const words = oneLine(said.error || said.out);
      reject(new HookError(`\`${command}\` ended with ${code}${words && `: ${words}`}.`, "Run it by hand to see why."));
    });
  });
}
