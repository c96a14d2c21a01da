import type { LookupFunction } from "node:net";

/** Where undici keeps the dispatcher of `fetch`. */
const GLOBAL_DISPATCHER = Symbol.for("undici.globalDispatcher.1");

/**
 * Lets Node's own `fetch` trust a CA and find names on loopback. It takes the Agent that Node brings along, so that nothing is loaded
 * that `fetch` itself does not load.
 */
export function trustInGlobalFetch(ca: string, lookup: LookupFunction): void {
  // the first touch makes Node load its fetch
  void globalThis.Headers;
  const dispatcher: unknown = Reflect.get(globalThis, GLOBAL_DISPATCHER);
  if (typeof dispatcher !== "object" || dispatcher === null) throw new Error("This Node keeps the dispatcher of fetch somewhere else.");
  Reflect.set(globalThis, GLOBAL_DISPATCHER, Reflect.construct(dispatcher.constructor, [{ connect: { ca, lookup } }]));
}
