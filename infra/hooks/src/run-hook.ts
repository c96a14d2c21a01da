import { once } from "node:events";
import { AzureDeveloperCliCredential } from "@azure/identity";
import { AzdEnvironment } from "./azd-environment.js";
import { PUBLIC_CLOUD } from "./endpoints.js";
import { type HookContext, USUAL_PACE } from "./hook-context.js";
import { HookError, messageOf } from "./hook-error.js";

const TOKEN_TIMEOUT_MS = 60_000;

/** What a shell expects of a program that a signal has ended. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs a hook as azd's child: with its environment and its login, until the end, an error or Ctrl-C. What went wrong is printed in words,
 * with what to do about it; azd stops at the exit code.
 */
export async function runHook(name: string, hook: (context: HookContext) => Promise<void>): Promise<void> {
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      process.exitCode = EXIT_CODES[signal];
      interruption.abort(new HookError(`${name} was interrupted.`, "Run the same command again: what is done already is found again."));
    });
  }
  const { signal } = interruption;
  const context: HookContext = {
    environment: new AzdEnvironment(process.env, signal),
    credentialFor: (tenantId) =>
      new AzureDeveloperCliCredential({ processTimeoutInMs: TOKEN_TIMEOUT_MS, ...(tenantId === undefined ? {} : { tenantId }) }),
    endpoints: PUBLIC_CLOUD,
    pace: USUAL_PACE,
    vaultClientOptions: {},
    say: (line) => console.log(line),
    signal,
  };
  try {
    // a start of azd for a token takes no signal
    await Promise.race([hook(context), once(signal, "abort").then(() => Promise.reject(signal.reason))]);
  } catch (thrown) {
    const error = signal.aborted ? signal.reason : thrown;
    console.error(`${name}: ${messageOf(error)}`);
    if (error instanceof HookError) console.error(`  What to do: ${error.help}`);
    process.exitCode ??= 1;
  }
  process.exit();
}
