import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { request as httpRequest, type IncomingMessage, Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { ProgrammingModel } from "./core-api.js";

const INVOCATION_ID = "x-ms-invocation-id";
/** Published by `node:http` for each request that a server of this process takes. */
const REQUEST_START = "http.server.request.start";

/** The server that one copy of the library opens for an app with `enableHttpStream`. */
export interface StreamServer {
  readonly origin: URL;
  close(): void;
}

/**
 * Asks a copy of the library where it takes streamed requests.
 *
 * The library neither hands out its server nor closes it, so that a process with one would never end. `node:http` announces the
 * server with each request, so one request is made at the start and dropped.
 *
 * @returns nothing when the app did not switch streaming on
 */
export async function openStreamServer(model: ProgrammingModel): Promise<StreamServer | undefined> {
  const { HttpUri } = (await model.getCapabilities?.({})) ?? {};
  if (!HttpUri) return undefined;
  const origin = new URL(HttpUri);
  const probe = crypto.randomUUID();
  const server = await new Promise<Server>((resolve, reject) => {
    const request = httpRequest(origin, { headers: { [INVOCATION_ID]: probe } });
    const found = (message: unknown): void => {
      if (!isRequestStart(message) || message.request.headers[INVOCATION_ID] !== probe) return;
      unsubscribe(REQUEST_START, found);
      request.destroy();
      resolve(message.server);
    };
    subscribe(REQUEST_START, found);
    request.on("error", reject).end();
  });
  return {
    origin,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A request on its way through the library's own server. */
export interface ForwardedRequest {
  /** Settles when the library has written its answer out. */
  readonly finished: Promise<void>;
  /** Drops the request if it is still open: a handler that threw answers nothing. */
  abandon(): void;
}

/** Sends a request on to the library's server and its answer back, both as they come. */
export function forwardToLibrary({
  origin,
  invocationId,
  request,
  response,
}: {
  origin: URL;
  invocationId: string;
  request: IncomingMessage;
  response: ServerResponse;
}): ForwardedRequest {
  const headers = {
    ...request.headers,
    [INVOCATION_ID]: invocationId,
    "x-forwarded-host": request.headers.host,
    "x-forwarded-proto": "http",
  };
  const forwarded = httpRequest(new URL(request.url ?? "/", origin), { method: request.method, headers, agent: false });
  const finished = new Promise<IncomingMessage>((resolve, reject) => forwarded.on("response", resolve).on("error", reject)).then(
    (answer) => {
      delete answer.headers[INVOCATION_ID];
      response.writeHead(answer.statusCode ?? 200, answer.headers);
      return pipeline(answer, response);
    },
  );
  // whoever waits for `finished` is told; an abandoned request has nobody
  finished.catch(() => {});
  pipeline(request, forwarded).catch(() => {});
  return { finished, abandon: () => forwarded.destroy() };
}

function isRequestStart(message: unknown): message is { request: IncomingMessage; server: Server } {
  return typeof message === "object" && message !== null && "request" in message && "server" in message && message.server instanceof Server;
}
