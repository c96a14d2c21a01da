import { readFile } from "node:fs/promises";
import { startEmulator } from "../emulator.js";
import { prepareLocalApp } from "../local-app/local-app.js";
import { prepareLocalIdentityApp } from "../local-app/local-identity-app.js";
import { type CliArguments, readArguments, UsageError } from "./arguments.js";
import { formatEnvironment } from "./format-environment.js";
import { HELP } from "./help.js";

/** What a command has of the process around it. */
export interface CliSurroundings {
  /** Takes what another program may read. */
  out(text: string): void;
  /** Takes what is for people. */
  error(text: string): void;
  /** Ends the emulator. */
  readonly stop: AbortSignal;
}

/**
 * Runs the command until it is stopped.
 *
 * @param args the command line without node and script
 * @returns the exit code: 0, 1 when it could not start, 2 for a command line that cannot be followed
 */
export async function runCli(args: readonly string[], surroundings: CliSurroundings): Promise<number> {
  const { out, error: complain } = surroundings;
  try {
    const wanted = readArguments(args);
    if (wanted === "help") out(HELP);
    else if (wanted === "version") out(`${await ownVersion()}\n`);
    else await emulate(wanted, surroundings);
    return 0;
  } catch (error) {
    complain(`mtls-pop-emulator: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function emulate({ format, credential, ...options }: CliArguments, { out, error: tell, stop }: CliSurroundings): Promise<void> {
  await using emulator = await startEmulator();
  await using app =
    credential === "certificate"
      ? await prepareLocalApp(emulator, options)
      : await prepareLocalIdentityApp(emulator, { ...options, credential });
  if (stop.aborted) return;
  const environment = formatEnvironment(app.environment, format);
  // JSON has no comments
  out(format === "json" ? environment : `${environment}# Admin endpoint: ${emulator.adminUrl}\n`);
  // for whoever sees the terminal, also where the environment goes into a file
  tell(`The emulator runs until Ctrl-C. Its admin endpoint is ${emulator.adminUrl}\n`);
  await new Promise<void>((resolve) => {
    stop.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function ownVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "unknown";
}
