export type { LogEntry } from "./functions-host/function-app.js";
export type { FunctionsHost, FunctionsHostOptions, HostedFunction } from "./functions-host/functions-host.js";
export { startFunctionsHost } from "./functions-host/functions-host.js";
