import type { LookupFunction } from "node:net";
import { loopback } from "./loopback.js";

/**
 * TLS settings for `@azure/identity` that put login.microsoftonline.com on a port of loopback. They become options of an https.Agent,
 * which takes `lookup` and `port` too; so identity is used as in a real cloud, whose metadata it has built in.
 */
export function emulatedCloud(ca: string, port: number): { ca: string; lookup: LookupFunction; port: number } {
  return { ca, lookup: loopback, port };
}
