import { type OutgoingHttpHeaders, request } from "node:http";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed, where there was a body; what is no JSON rejects. */
  readonly body: unknown;
}

export interface HttpAsked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly text?: string;
}

/** Asks over plain HTTP on a connection of its own; the path is sent as it is, also one that no URL parser would leave alone. */
export function askHttp(origin: string, path: string, { method = "GET", headers, json, text }: HttpAsked = {}): Promise<HttpAnswer> {
  const { hostname, port } = new URL(origin);
  const type = json === undefined ? {} : { "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, path, method, agent: false, headers: { ...type, ...headers } }, (incoming) => {
      let body = "";
      incoming.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      incoming.on("error", reject);
      incoming.on("end", () => {
        try {
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: body === "" ? undefined : JSON.parse(body) });
        } catch (error) {
          reject(error);
        }
      });
    });
    outgoing.on("error", reject).end(text ?? (json === undefined ? undefined : JSON.stringify(json)));
  });
}
