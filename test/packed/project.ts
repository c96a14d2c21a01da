import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What a program printed; it ended with 0. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** The shell's environment without what pnpm and vitest put there for their own children. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:npm_|pnpm_|vitest|node_options$|node_path$|init_cwd$)/i.test(name)),
);

/**
 * Makes an empty project and installs packages into it with npm, as a user does.
 *
 * @param packages tarballs, or names with a version
 * @param overrides versions of what these depend on
 */
export async function installProject(
  folder: string,
  packages: readonly string[],
  overrides: Readonly<Record<string, string>> = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "empty-project", private: true, overrides }));
  await run(folder, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...packages]);
  return folder;
}

/** Copies a program from `consumers/` into a project. */
export async function addConsumer(folder: string, name: string, as: string = name): Promise<void> {
  await copyFile(fileURLToPath(new URL(`consumers/${name}`, import.meta.url)), join(folder, as));
}

/**
 * Runs a program in a project.
 *
 * @param env what is added to the environment
 * @throws Error with all that it printed, when it does not end with 0
 */
async function run(folder: string, command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Output> {
  try {
    return await promisify(execFile)(command, [...args], { cwd: folder, env: { ...ENVIRONMENT, ...env }, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    if (!(error instanceof Error) || !("stdout" in error) || !("stderr" in error)) throw error;
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`, { cause: error });
  }
}

/** Runs a program with this Node. */
export function runNode(folder: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Output> {
  return run(folder, process.execPath, args, env);
}
