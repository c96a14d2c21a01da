import { createServer } from "node:http";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertKnownOptions } from "../options/known-options.js";
import { closeWithConnections, listenOnLoopback } from "../server/loopback-server.js";
import { applySettings } from "./app-settings.js";
import type { ProgrammingModel } from "./core-api.js";
import { supplyCoreModule } from "./core-module.js";
import { entryPoints, loadEntryPoint } from "./entry-point.js";
import { FunctionApp, type LogEntry, type RegisteredFunction } from "./function-app.js";
import { type AuthLevel, FunctionKeys } from "./function-keys.js";
import { type HostJson, readHostJson, routePrefixOf } from "./host-json.js";
import { type HttpFunction, httpFunction } from "./http-function.js";
import { openStreamServer, type StreamServer } from "./http-stream.js";
import { httpListener } from "./http-trigger.js";
import { invoke } from "./invocation.js";
import { toTypedData } from "./typed-data.js";

/** What to host. One of `appRoot` and `entry` is needed. */
export interface FunctionsHostOptions {
  /** The app's folder: `main` of its package.json and its host.json are followed. @default the current folder, with `entry` */
  appRoot?: string;
  /** The file that registers the functions, in place of `main`; or a function that does. @default `main` of package.json */
  entry?: string | URL | (() => unknown);
  /** In place of the app's host.json. @default host.json in `appRoot` */
  hostJson?: HostJson;
  /** App settings, put into `process.env` until the host closes; `undefined` takes a variable away. @default none */
  env?: Readonly<Record<string, string | undefined>>;
  /** Told each line that app, library and host log. @default none; `logs` has them all */
  onLog?: (entry: LogEntry) => void;
}

const OPTIONS = ["appRoot", "entry", "hostJson", "env", "onLog"] as const satisfies (keyof FunctionsHostOptions)[];

/** A function of the hosted app. */
export interface HostedFunction {
  readonly name: string;
  /** The type of its trigger, such as `httpTrigger` or `timerTrigger`. */
  readonly trigger: string;
  /** For HTTP: where it answers, with the template's parameters as they are. */
  readonly http?: { readonly url: string; readonly methods: readonly string[]; readonly authLevel: AuthLevel };
}

/** A running host. */
export interface FunctionsHost extends AsyncDisposable {
  /** Where HTTP functions answer, without the route prefix, such as `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Opens functions with `authLevel: "function"`: header `x-functions-key`, or `code` in the query. */
  readonly functionKey: string;
  /** Opens every function. */
  readonly adminKey: string;
  readonly functions: readonly HostedFunction[];
  /** Everything that was logged, in order. */
  readonly logs: readonly LogEntry[];
  /**
   * Fires a function that has no HTTP trigger.
   *
   * @param input the message, document or timer that the handler gets; a timer's is made up when it is left out
   * @param triggerMetadata what stands in `context.triggerMetadata`
   * @returns what the handler returned
   * @throws what the handler threw
   */
  invoke(name: string, input?: unknown, triggerMetadata?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Runs the `appTerminate` hooks and closes every socket. Safe to call again. */
  close(): Promise<void>;
}

/**
 * Hosts an Azure Functions app (programming model v4) in this process: HTTP triggers on a loopback port picked by the system, every
 * other trigger fired by hand. The app runs on the published `@azure/functions`; only the host around it is ours.
 *
 * A process hosts one app at a time. Schedules do not run, retry policies and output bindings are not carried out.
 *
 * @throws {TypeError} for an unknown option
 * @throws Error when the app cannot be loaded, registers nothing, or an `appStart` hook throws
 * @example
 * ```ts
 * await using host = await startFunctionsHost({ appRoot: ".", env: { AZURE_TENANT_ID: tenantId } });
 * await fetch(`${host.url}/api/health`, { headers: { "x-functions-key": host.functionKey } });
 * await host.invoke("reconcile");
 * ```
 */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  assertKnownOptions("startFunctionsHost", options, OPTIONS);
  const { entry, env = {}, onLog } = options;
  if (options.appRoot === undefined && entry === undefined) throw new TypeError("startFunctionsHost needs `appRoot` or `entry`.");
  const appRoot = options.appRoot ?? process.cwd();
  const hostJson = options.hostJson ?? (options.appRoot === undefined ? {} : await readHostJson(appRoot));
  const routePrefix = routePrefixOf(hostJson);

  const app = new FunctionApp(onLog);
  const withdraw = supplyCoreModule(app);
  const restoreSettings = applySettings(env);
  const streams = new Map<ProgrammingModel, StreamServer | undefined>();
  const release = (): void => {
    for (const stream of streams.values()) stream?.close();
    restoreSettings();
    withdraw();
  };

  try {
    await load(appRoot, entry);
    if (app.functions.size === 0) {
      const help = "An app that used @azure/functions before a host was started keeps the library in its test mode.";
      throw new Error(`The app registered no function. ${help}`);
    }
    for (const { model } of app.functions.values()) {
      if (!streams.has(model)) streams.set(model, await openStreamServer(model));
    }
    const http = [...app.functions.values()].flatMap((one) => httpFunction(one, routePrefix) ?? []);
    await app.start(appRoot);
    const keys = new FunctionKeys();
    const streamOrigin = ({ registered }: HttpFunction) => streams.get(registered.model)?.origin;
    const front = createServer(httpListener({ app, keys, functions: http, streamOrigin }));
    const url = `http://127.0.0.1:${await listenOnLoopback(front)}`;

    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closing ??= closeWithConnections(front)
        .then(() => app.terminate())
        .finally(release);
      return closing;
    };
    return {
      url,
      functionKey: keys.functionKey,
      adminKey: keys.adminKey,
      functions: [...app.functions.values()].map((one) => hostedFunction(one, http, url)),
      logs: app.logs,
      invoke: (name, input, triggerMetadata) => fire(app, name, input, triggerMetadata),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    release();
    throw error;
  }
}

async function load(appRoot: string, entry: FunctionsHostOptions["entry"]): Promise<void> {
  if (typeof entry === "function") {
    await entry();
    return;
  }
  const named = entry instanceof URL ? fileURLToPath(entry) : entry;
  const files = named === undefined ? await entryPoints(appRoot) : [isAbsolute(named) ? named : join(appRoot, named)];
  for (const file of files) await loadEntryPoint(file);
}

function hostedFunction(registered: RegisteredFunction, http: readonly HttpFunction[], url: string): HostedFunction {
  const { name } = registered.metadata;
  const found = http.find((one) => one.registered === registered);
  return {
    name,
    trigger: trigger(registered).type,
    ...(found && { http: { url: `${url}/${found.template}`, methods: found.methods, authLevel: found.authLevel } }),
  };
}

function trigger({ metadata }: RegisteredFunction): { name: string; type: string } {
  for (const [name, { type }] of Object.entries(metadata.bindings)) {
    if (type && /trigger$/i.test(type)) return { name, type };
  }
  throw new Error(`The function "${metadata.name}" has no trigger.`);
}

async function fire(app: FunctionApp, name: string, input: unknown, metadata: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const registered = app.functions.get(name);
  if (!registered) throw new Error(`There is no function "${name}". Known: ${[...app.functions.keys()].join(", ")}.`);
  const { name: bindingName, type } = trigger(registered);
  if (type.toLowerCase() === "httptrigger") throw new Error(`The function "${name}" has an HTTP trigger: call its URL.`);
  const given = input === undefined && type.toLowerCase() === "timertrigger" ? timerInput(new Date()) : input;
  const triggerMetadata = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, toTypedData(value)]));
  const { result } = await invoke(app, registered, { inputData: [{ name: bindingName, data: toTypedData(given) }], triggerMetadata });
  return result;
}

/** A timer as the host sends it; the library turns the names into camel case. */
function timerInput(now: Date): object {
  const at = now.toISOString();
  return { Schedule: { AdjustForDST: true }, ScheduleStatus: { Last: at, Next: at, LastUpdated: at }, IsPastDue: false };
}
