import type { FunctionsHost, LogEntry } from "@mtls-pop/emulator";
import type { Cast, DemoApp, Flow } from "./flow.js";
import type { Narrator } from "./narrator.js";
import { type Cloud, type HostingOptions, hostSample, TOKEN_LATENCY_MS } from "./stage.js";
import { UntrueStatement } from "./statement.js";

/** What may be other than usual. */
export interface DemoOptions<App extends DemoApp> extends Pick<HostingOptions, "appRoot"> {
  /** Changes the emulated cloud before the app starts, or who plays. @default nothing */
  readonly arrange?: (cloud: Cloud<App>) => Pick<Cast<App>, "robbedVault"> | undefined;
  /** Ends the demo early. @default never */
  readonly stop?: AbortSignal;
}

/**
 * Plays the demo and takes everything down again.
 *
 * @returns the exit code: 0 only when every statement was true, 130 when it was stopped
 */
export async function runDemo<App extends DemoApp>(
  narrator: Narrator,
  flow: Flow<App>,
  { appRoot, arrange, stop }: DemoOptions<App> = {},
): Promise<number> {
  const logs: LogEntry[] = [];
  try {
    narrator.heading("An app and its cloud, both on this machine");
    await using cloud = await raiseCloud(narrator, flow);
    const changes = arrange?.(cloud);
    // so that the warm-up is still on its way when the first call arrives, as it would be over a network
    cloud.emulator.faults.add({ on: "token", kind: "latency", delayMs: TOKEN_LATENCY_MS, times: flow.tokenRequests });
    await using host = await startApp(narrator, cloud, { ...(appRoot && { appRoot }), onLog: (entry) => logs.push(entry) });
    await Promise.race([flow.tellStory({ ...cloud, host, ...changes }, narrator), ...(stop ? [rejectOn(stop)] : [])]);
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

function raiseCloud<App extends DemoApp>(narrator: Narrator, flow: Flow<App>): Promise<Cloud<App>> {
  return narrator.step("starting the emulator", async () => {
    const cloud = await flow.startCloud();
    return { ...flow.introduce(cloud), value: cloud };
  });
}

function startApp(narrator: Narrator, cloud: Cloud<DemoApp>, hosting: HostingOptions): Promise<FunctionsHost> {
  return narrator.step("starting the app", async () => {
    const host = await hostSample(cloud, hosting);
    const facts = Object.fromEntries(host.functions.map(({ name, trigger, http }) => [name, http?.url ?? trigger]));
    return { line: "Functions app samples/keyvault-reader started", facts, value: host };
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
