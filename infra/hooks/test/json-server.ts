import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request, read. */
export interface JsonRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  readonly at: number;
}

export interface JsonAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A service that stands for one of Azure's. */
export interface JsonServer {
  readonly url: string;
  /** Everything that was asked, in order. */
  readonly requests: JsonRequest[];
  /** What changes something, as `METHOD path`. */
  changes(): string[];
  close(): Promise<void>;
}

/** Serves on a free port of loopback. An `undefined` answer resets the connection, and `silence` keeps it without one. */
export async function startJsonServer(handle: (request: JsonRequest) => JsonAnswer | "silence" | undefined): Promise<JsonServer> {
  const requests: JsonRequest[] = [];
  const server = createServer(async (message, response) => {
    const content = await text(message);
    const request = {
      method: message.method ?? "",
      url: new URL(message.url ?? "", `http://${message.headers.host}`),
      headers: message.headers,
      body: content === "" ? {} : (JSON.parse(content) as Record<string, unknown>),
      at: performance.now(),
    };
    requests.push(request);
    const answer = handle(request);
    if (answer === "silence") return;
    if (!answer) return message.socket.destroy();
    response.writeHead(answer.status, { "content-type": "application/json", "x-ms-request-id": "r-1", ...answer.headers });
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    changes: () =>
      requests.filter(({ method }) => method !== "GET").map(({ method, url }) => `${method} ${decodeURIComponent(url.pathname)}`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An error in the form that ARM and Graph share. */
export function serviceError(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): JsonAnswer {
  return { status, headers, body: { error: { code, message } } };
}
