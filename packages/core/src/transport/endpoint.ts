import { isIP } from "node:net";

/** One origin as a connection needs it. */
export interface Endpoint {
  /** Name or address, an IPv6 one without its brackets. */
  readonly host: string;
  readonly port: number;
  /** For SNI; empty for an address. */
  readonly servername: string;
  /** `host:port` of the URL as the `Host` header and messages have it. */
  readonly authority: string;
}

/** The endpoint of an https URL. */
export function endpointOf(url: URL): Endpoint {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { host, port: Number(url.port || 443), servername: isIP(host) ? "" : host, authority: url.host };
}
