import type { IncomingMessage } from "node:http";
import type { RecordedRequest, ServerName } from "../record/recorded-request.js";
import type { ConnectionFacts } from "./connections.js";

/** Writes down the head of a request. */
export function recordHead(server: ServerName, incoming: IncomingMessage, url: URL, connection: ConnectionFacts): RecordedRequest {
  return {
    server,
    at: new Date(),
    method: incoming.method ?? "GET",
    host: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: plainHeaders(incoming),
    tlsProtocol: connection.tlsProtocol,
    sessionReused: connection.sessionReused,
    connectionId: connection.id,
  };
}

/** Adds the body, and its fields when it is a form. */
export function recordBody(request: RecordedRequest, body: Buffer): void {
  if (body.length === 0) return;
  request.body = body;
  if (/^application\/x-www-form-urlencoded\b/i.test(request.headers["content-type"] ?? "")) {
    request.form = Object.fromEntries(new URLSearchParams(body.toString("utf8")));
  }
}

function plainHeaders(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}
