import { Agent } from "node:https";
import type { Transport } from "../transport/transport-options.js";

/**
 * What a `transport` is to the SDK's clients.
 *
 * @returns nothing where it says nothing of this host: the clients then have agents of their own, and follow the environment's proxies
 */
export function agentFor(host: string, transport: Transport): Agent | undefined {
  const ca = transport.caFor(host);
  const { lookup } = transport;
  if (ca === undefined && lookup === undefined) return undefined;
  return new Agent({ keepAlive: true, minVersion: "TLSv1.2", ...(ca && { ca: [...ca] }), ...(lookup && { lookup }) });
}
