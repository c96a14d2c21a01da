import type { Narrator } from "./narrator.js";
import { type HostingOptions, hostSample, SECRET, startCloud } from "./stage.js";

/**
 * Runs emulator and sample, prints how to call them and what the app logs, and ends everything when it is told to.
 *
 * @returns the exit code: 0 when it was stopped, 1 when it could not start
 */
export async function keepRunning(narrator: Narrator, stop: AbortSignal, hosting: HostingOptions = {}): Promise<number> {
  const onLog: HostingOptions["onLog"] = ({ level, message }) => narrator.say(`[${level}] ${message}`);
  try {
    await using cloud = await narrator.step("starting the emulator", async () => {
      return { line: "emulator started, application registered with its certificate", value: await startCloud() };
    });
    await using host = await narrator.step("starting the app", async () => {
      return { line: "Functions app samples/keyvault-reader started", value: await hostSample(cloud, { onLog, ...hosting }) };
    });
    const key = `-H "x-functions-key: ${host.functionKey}"`;
    const { adminUrl } = cloud.emulator;
    narrator.say(
      [
        "",
        "Read the secret, or ask for the app's state:",
        `  curl ${key} ${host.url}/api/secrets/${SECRET.name}`,
        `  curl ${key} ${host.url}/api/health`,
        "",
        `The emulator's admin endpoint, ${adminUrl}: what arrived on the wire, and a fault for the next read of a secret:`,
        `  curl ${adminUrl}/requests`,
        `  curl ${adminUrl}/faults -H "content-type: application/json" -d '{"on":"key-vault","kind":"revoked-certificate"}'`,
        "",
        "Ctrl-C ends it.",
        "",
      ].join("\n"),
    );
    await stopped(stop);
    narrator.say("\nStopping.");
    return 0;
  } catch (error) {
    narrator.verdict(false, error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }
}

function stopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener("abort", () => resolve(), { once: true });
  });
}
