import {
  CoreDisposable,
  type FunctionCallback,
  type FunctionMetadata,
  type HookCallback,
  type HookContext,
  type LogCategory,
  type LogLevel,
  type ProgrammingModel,
} from "./core-api.js";

/** One line of the app's log. */
export interface LogEntry {
  readonly level: LogLevel;
  /** `user`: the app wrote it through its context. `system`: the library or the host did. */
  readonly category: LogCategory;
  readonly message: string;
  /** The function that ran; absent outside an invocation. */
  readonly functionName?: string;
  readonly invocationId?: string;
}

/** A function as the app registered it, with the copy of `@azure/functions` that it came through. */
export interface RegisteredFunction {
  readonly model: ProgrammingModel;
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

type HookName = "appStart" | "appTerminate" | "preInvocation" | "postInvocation" | "log";

/** What one app has registered, the data its hooks share, and its log. */
export class FunctionApp {
  readonly functions: Map<string, RegisteredFunction> = new Map();
  readonly logs: LogEntry[] = [];
  readonly appHookData: Record<string, unknown> = {};
  readonly #hooks: Readonly<Record<HookName, HookCallback[]>> = {
    appStart: [],
    appTerminate: [],
    preInvocation: [],
    postInvocation: [],
    log: [],
  };
  readonly #appLevelHookData: Record<string, unknown> = {};
  readonly #onLog: ((entry: LogEntry) => void) | undefined;
  #started = false;

  constructor(onLog?: (entry: LogEntry) => void) {
    this.#onLog = onLog;
  }

  registerFunction(model: ProgrammingModel, metadata: FunctionMetadata, callback: FunctionCallback): CoreDisposable {
    if (this.#started) throw new Error("A function can only be registered during app startup.");
    const { name } = metadata;
    if (this.functions.has(name)) throw new Error(`A function with the name "${name}" is registered already.`);
    if (typeof callback !== "function") throw new Error(`The function "${name}" has no handler.`);
    this.functions.set(name, { model, metadata, callback });
    return new CoreDisposable(() => this.functions.delete(name));
  }

  registerHook(name: string, callback: HookCallback): CoreDisposable {
    if (!isHookName(name, this.#hooks)) throw new RangeError(`Unrecognized hook "${name}".`);
    const callbacks = this.#hooks[name];
    callbacks.push(callback);
    return new CoreDisposable(() => callbacks.splice(callbacks.indexOf(callback), 1));
  }

  /** Runs hooks in the order of their registration; one that throws ends it. */
  async runHooks(name: Exclude<HookName, "log">, context: HookContext): Promise<void> {
    for (const callback of [...this.#hooks[name]]) await callback(context);
  }

  async start(functionAppDirectory: string): Promise<void> {
    this.#started = true;
    const context = { hookData: this.#appLevelHookData, appHookData: this.appHookData, functionAppDirectory };
    await this.runHooks("appStart", context);
  }

  async terminate(): Promise<void> {
    await this.runHooks("appTerminate", { hookData: this.#appLevelHookData, appHookData: this.appHookData });
  }

  /** Log hooks may change level and message of what the app itself writes. */
  log(entry: LogEntry, scope?: { hookData: Record<string, unknown>; invocationContext: unknown }): void {
    const { level, message, ...rest } = entry;
    const context = { hookData: {}, ...scope, appHookData: this.appHookData, level, message, category: entry.category };
    for (const callback of this.#hooks.log) callback(context);
    const written = entry.category === "user" ? { ...rest, level: context.level, message: context.message } : entry;
    this.logs.push(written);
    this.#onLog?.(written);
  }
}

function isHookName(name: string, hooks: object): name is HookName {
  return Object.hasOwn(hooks, name);
}
