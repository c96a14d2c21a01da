import type { FunctionsHost, LogEntry } from "@mtls-pop/emulator";
import type { Narrator } from "./narrator.js";
import { type Cloud, type HostingOptions, hostSample, startCloud, TOKEN_LATENCY_MS } from "./stage.js";
import { UntrueStatement } from "./statement.js";
import { type Cast, tellStory } from "./story.js";

/** What may be other than usual. */
export interface DemoOptions extends Pick<HostingOptions, "appRoot"> {
  /** Changes the emulated cloud before the app starts, or who plays. @default nothing */
  readonly arrange?: (cloud: Cloud) => Pick<Cast, "robbedVault"> | undefined;
  /** Ends the demo early. @default never */
  readonly stop?: AbortSignal;
}

/**
 * Plays the demo and takes everything down again.
 *
 * @returns the exit code: 0 only when every statement was true, 130 when it was stopped
 */
export async function runDemo(narrator: Narrator, { appRoot, arrange, stop }: DemoOptions = {}): Promise<number> {
  const logs: LogEntry[] = [];
  try {
    narrator.heading("An app and its cloud, both on this machine");
    await using cloud = await raiseCloud(narrator);
    const changes = arrange?.(cloud);
    // so that the warm-up is still on its way when the first call arrives, as it would be over a network
    cloud.emulator.faults.add({ on: "token", kind: "latency", delayMs: TOKEN_LATENCY_MS });
    await using host = await startApp(narrator, cloud, { ...(appRoot && { appRoot }), onLog: (entry) => logs.push(entry) });
    await Promise.race([tellStory({ ...cloud, host, ...changes }, narrator), ...(stop ? [rejectOn(stop)] : [])]);
  } catch (error) {
    if (stop?.aborted) {
      narrator.verdict(false, "Stopped.");
      return 130;
    }
    narrator.verdict(false, error instanceof UntrueStatement ? error.message : `The demo broke off: ${describe(error)}`);
    for (const { level, message } of logs) if (level === "error" || level === "warning") narrator.say(`  the app: ${message}`);
    return 1;
  }
  narrator.verdict(true, "Every statement above was checked and holds: the token is worth nothing without its key.");
  return 0;
}

function rejectOn(stop: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = (): void => reject(stop.reason);
    if (stop.aborted) give();
    else stop.addEventListener("abort", give, { once: true });
  });
}

function raiseCloud(narrator: Narrator): Promise<Cloud> {
  return narrator.step("starting the emulator", async () => {
    const cloud = await startCloud();
    const { authority, keyVault } = cloud.emulator;
    const facts = { "token server": authority, vault: keyVault.url, application: cloud.app.clientId };
    return { line: "emulator started, application registered with its certificate", facts, value: cloud };
  });
}

function startApp(narrator: Narrator, cloud: Cloud, hosting: HostingOptions): Promise<FunctionsHost> {
  return narrator.step("starting the app", async () => {
    const host = await hostSample(cloud, hosting);
    const facts = Object.fromEntries(host.functions.map(({ name, trigger, http }) => [name, http?.url ?? trigger]));
    return { line: "Functions app samples/keyvault-reader started", facts, value: host };
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
