import { createServer, type IncomingMessage } from "node:http";
import type { Answer } from "./answer.js";
import { closeWithConnections, listenOnLoopback } from "./loopback-server.js";
import { readBody } from "./read-body.js";
import { requestUrl } from "./request-url.js";

/** A request over plain HTTP, body read. */
export interface HttpExchange {
  readonly incoming: IncomingMessage;
  readonly url: URL;
  readonly body: Buffer;
}

/** A plain server on a free port of loopback. */
export interface HttpServer {
  /** Origin, without a slash at the end. */
  readonly url: string;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a server for what is no TLS in the original either.
 *
 * @param handle answers a request; with nothing the client waits until it gives up
 */
export async function startHttpServer(
  handle: (exchange: HttpExchange) => Answer | undefined | Promise<Answer | undefined>,
): Promise<HttpServer> {
  const server = createServer((incoming, response) => {
    const answer = async (): Promise<void> => {
      const url = requestUrl(incoming, "http");
      const body = await readBody(incoming);
      const answered = !url ? { status: 400 } : !body ? { status: 413 } : await handle({ incoming, url, body });
      if (answered) response.writeHead(answered.status, answered.headers).end(answered.body);
    };
    answer().catch(() => response.destroy());
  });
  const port = await listenOnLoopback(server);
  return { url: `http://127.0.0.1:${port}`, close: () => closeWithConnections(server) };
}
