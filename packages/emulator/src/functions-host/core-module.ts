import Module from "node:module";
import { type CoreApi, CoreDisposable, type ProgrammingModel } from "./core-api.js";
import type { FunctionApp } from "./function-app.js";

const CORE_MODULE = "@azure/functions-core";

/** The app that registrations go to; a process has one, as Microsoft's worker has. */
let current: FunctionApp | undefined;

/**
 * Makes `require("@azure/functions-core")` succeed in this process and sends what is registered there to `app`.
 *
 * `Module.prototype.require` is where Microsoft's worker puts itself as well. It is the one place that CommonJS modules, the
 * `createRequire` of an ES module bundle and Node 20 have in common: `module.registerHooks` needs Node 22.15, `module.register` does
 * not see a `require`.
 *
 * @returns takes the module away again
 * @throws Error when another app runs in this process
 */
export function supplyCoreModule(app: FunctionApp): () => void {
  if (current) throw new Error("A Functions host runs in this process already. Close it before starting another one.");
  current = app;
  const original = Module.prototype.require;
  const supplying = function (this: NodeJS.Module, id: string): unknown {
    return id === CORE_MODULE ? coreApi() : Reflect.apply(original, this, [id]);
  };
  Module.prototype.require = Object.assign(supplying, original);
  return () => {
    current = undefined;
    if (Module.prototype.require === supplying) Module.prototype.require = original;
  };
}

/**
 * One object for each copy of the library. A copy asks once, keeps the answer and sets its programming model once, so the object
 * holds the model, also for the next app that is hosted with the same copy.
 */
function coreApi(): CoreApi {
  let model: ProgrammingModel | undefined;
  return {
    version: "4.0.0",
    hostVersion: "4.1040.0",
    Disposable: CoreDisposable,
    registerFunction: (metadata, callback) => {
      if (!model) throw new Error("A function was registered before a programming model.");
      return running().registerFunction(model, metadata, callback);
    },
    registerHook: (name, callback) => running().registerHook(name, callback),
    setProgrammingModel: (one) => {
      model = one;
    },
    getProgrammingModel: () => model,
    log: (level, category, message) => current?.log({ level, category, message }),
  };
}

function running(): FunctionApp {
  if (!current) throw new Error("No Functions host runs in this process: it was closed.");
  return current;
}
