import type { IncomingMessage } from "node:http";

/** Where a request goes: a path of its host, or a whole URL as a proxy is sent one; nothing when it cannot be read. */
export function requestUrl(incoming: IncomingMessage, scheme: "http" | "https"): URL | undefined {
  const target = incoming.url ?? "/";
  // joined and not resolved: a path may begin with two slashes
  const whole = target.startsWith("/") ? `${scheme}://${incoming.headers.host || "localhost"}${target}` : target;
  return URL.canParse(whole) ? new URL(whole) : undefined;
}

/** One part of a path without its percent-encoding (RFC 3986 section 2.1); nothing when that is malformed. */
export function decodePathSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
