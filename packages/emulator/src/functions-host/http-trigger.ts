import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import type { HttpData } from "./core-api.js";
import type { FunctionApp } from "./function-app.js";
import type { FunctionKeys } from "./function-keys.js";
import type { HttpFunction } from "./http-function.js";
import { writeResponse } from "./http-response.js";
import { forwardToLibrary } from "./http-stream.js";
import { invoke } from "./invocation.js";
import { compareRoutes, pathSegments } from "./route.js";

/** What the HTTP front of a host works with. */
export interface HttpFront {
  readonly app: FunctionApp;
  readonly keys: FunctionKeys;
  readonly functions: readonly HttpFunction[];
  /** Where a function's copy of the library takes streamed requests; nothing unless the app called `app.setup({ enableHttpStream })`. */
  readonly streamOrigin: (target: HttpFunction) => URL | undefined;
}

/**
 * Answers requests as the Functions host does: 404 for a path or method that no function has, 401 without a key that is enough, an
 * empty 500 when a handler throws.
 */
export function httpListener(front: HttpFront): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const ordered = [...front.functions].sort((a, b) => compareRoutes(a.route, b.route));
  return async (request, response) => {
    try {
      await answer({ ...front, functions: ordered }, request, response);
    } catch {
      // the invocation has logged it; the caller learns nothing of it, as in Azure
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { "content-length": 0 }).end();
    }
  };
}

async function answer(front: HttpFront, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = requestUrl(request);
  const segments = url && pathSegments(url.pathname);
  if (!url || !segments) return empty(response, 400);
  for (const target of front.functions) {
    const params = target.methods.includes(request.method ?? "") ? target.route.match(segments) : undefined;
    if (!params) continue;
    if (!front.keys.admits(target.authLevel, request, url)) return empty(response, 401);
    return run(front, target, { request, response, url, params });
  }
  return empty(response, 404);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly params: Record<string, string>;
}

async function run({ app, streamOrigin }: HttpFront, target: HttpFunction, exchange: Exchange): Promise<void> {
  const { request, response, url, params } = exchange;
  const headers = singleHeaders(request);
  const invocationId = randomUUID();
  const origin = streamOrigin(target);
  if (origin) {
    const forwarded = forwardToLibrary({ origin, invocationId, request, response });
    const parameters = Object.entries(params).map(([name, string]) => [name, { string }] as const);
    const triggerMetadata = { ...Object.fromEntries(parameters), Headers: { json: JSON.stringify(headers) } };
    try {
      await invoke(app, target.registered, { inputData: [{ name: target.bindingName, data: {} }], triggerMetadata }, invocationId);
      await forwarded.finished;
    } finally {
      forwarded.abandon();
    }
    return;
  }
  const body = await buffer(request);
  const query = Object.fromEntries(url.searchParams);
  const method = request.method ?? "GET";
  const http: HttpData = { method, url: url.href, headers, params, query, ...(body.length > 0 && { body: { bytes: body } }) };
  const invocation = await invoke(app, target.registered, { inputData: [{ name: target.bindingName, data: { http } }] }, invocationId);
  writeResponse(response, invocation.response);
}

function empty(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0 }).end();
}

/** The URL that the caller used, or nothing when it cannot be one. */
function requestUrl({ url = "/", headers }: IncomingMessage): URL | undefined {
  const text = `http://${headers.host ?? "localhost"}${url}`;
  return url.startsWith("/") && URL.canParse(text) ? new URL(text) : undefined;
}

function singleHeaders({ headers }: IncomingMessage): Record<string, string> {
  const pairs = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")] as const);
  return Object.fromEntries(pairs);
}
