import { Agent, type AgentOptions, request } from "node:https";
import type { LookupFunction } from "node:net";

/** Puts every name on loopback. */
const loopback: LookupFunction = (_name, options, done) => {
  if (options.all) done(null, [{ address: "127.0.0.1", family: 4 }]);
  else done(null, "127.0.0.1", 4);
};

export interface ClientAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The body as JSON. */
  json(): unknown;
}

export interface ClientRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
}

export interface HttpsClient {
  get(url: string, request?: ClientRequest): Promise<ClientAnswer>;
  /** Handshakes so far, renegotiations included (TLS 1.2 alone, where each one makes one line of key log). */
  handshakes(): number;
  close(): void;
}

/** A plain `node:https` client with one agent, keep-alive unless told otherwise. */
export function httpsClient(options: AgentOptions): HttpsClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, lookup: loopback, ...options });
  let handshakes = 0;
  agent.on("keylog", () => {
    handshakes += 1;
  });
  return {
    handshakes: () => handshakes,
    get: (url, { method = "GET", headers = {}, body, signal } = {}) =>
      new Promise((resolve, reject) => {
        const outgoing = request(url, { agent, method, headers, ...(signal ? { signal } : {}) }, (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            const content = Buffer.concat(chunks);
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: content,
              json: () => JSON.parse(content.toString("utf8")),
            });
          });
        });
        outgoing.on("error", reject);
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}
