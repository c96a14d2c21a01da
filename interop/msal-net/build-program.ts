import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

/** The .NET that `msal-net.csproj` is for. */
const SDK_MAJOR = 10;
/** For each step; a registry that does not answer must not hold the run. */
const TIMEOUT_MS = 180_000;
const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const PROGRAM = `${FOLDER}dist/bin/msal-net/release/msal-net.dll`;
const NEEDED = `interop/msal-net needs the .NET SDK ${SDK_MAJOR}`;

declare module "vitest" {
  interface ProvidedContext {
    /** The program's assembly, or why there is none; the suites that need it fail by that, the others run. */
    msalNet: { readonly program: string } | { readonly missing: string };
  }
}

/** Builds the program once for all suites, from the packages of its lock file. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide("msalNet", await program());
}

async function program(): Promise<{ program: string } | { missing: string }> {
  try {
    await assertSdk();
    await dotnet("restore", "--locked-mode");
    // no server of the build may outlive the run
    await dotnet("build", "--no-restore", "--configuration", "Release", "--disable-build-servers", "--nologo");
    return { program: PROGRAM };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

async function assertSdk(): Promise<void> {
  const found = await dotnet("--list-sdks").catch((cause: unknown) => {
    throw new Error(`${NEEDED}, but there is no \`dotnet\` on the PATH. Install it, or run the other suites by their path.`, { cause });
  });
  const majors = Array.from(found.matchAll(/^(\d+)\./gm), ([, major]) => Number(major));
  if (!majors.some((major) => major >= SDK_MAJOR))
    throw new Error(`${NEEDED}, but \`dotnet --list-sdks\` says: ${found.trim() || "nothing"}.`);
}

function dotnet(...parameters: string[]): Promise<string> {
  const env = { ...process.env, DOTNET_NOLOGO: "1", DOTNET_CLI_TELEMETRY_OPTOUT: "1" };
  return new Promise((resolve, reject) => {
    execFile("dotnet", parameters, { cwd: FOLDER, env, timeout: TIMEOUT_MS }, (cause, stdout, stderr) => {
      if (cause) reject(new Error(`\`dotnet ${parameters.join(" ")}\` failed.\n${stdout}${stderr}`, { cause }));
      else resolve(stdout);
    });
  });
}
