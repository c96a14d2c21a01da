import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isMtlsPopError } from "@mtls-pop/core";
import { type CertificateFrom, type PopTokenOptions, popChallenge, verifyPopRequest } from "@mtls-pop/core/guard";

/** A request as it came through a server in front. */
export interface Arrival {
  readonly method: string;
  /** `undefined` where the guard refused it. */
  readonly clientId: string | undefined;
  readonly scheme: string | undefined;
  /** SHA-256 of its body, hex. */
  readonly bodySha256: string;
  readonly tokenBoundAuth: string | undefined;
  /** What the server in front says of the caller's connection; `alpn` is empty where it says nothing. */
  readonly connection: {
    readonly id: string;
    readonly tlsProtocol: string;
    readonly isResumed: boolean;
    readonly httpVersion: string;
    readonly alpn: string;
  };
}

/** An API behind a server that ends TLS. */
export interface GuardedUpstream {
  readonly port: number;
  /** What came, in order. */
  readonly arrivals: Arrival[];
  close(): Promise<void>;
}

/** Headers in which the servers tell of the caller's connection. */
export const CONNECTION_HEADERS = {
  id: "x-connection-id",
  tlsProtocol: "x-tls-protocol",
  sessionReuse: "x-tls-session-reuse",
  httpVersion: "x-http-version",
  alpn: "x-alpn",
} as const;

/** Words of Apache, nginx and HAProxy for a session that was resumed. */
const RESUMED = ["Resumed", "r", "1"];

/**
 * Starts an API on loopback that lets in whoever brings a token and its certificate: `200`, else a `401` with the guard's code. Calls of
 * `/together?of={n}` are answered when `n` of them are there, so that each needs a connection of its own.
 */
export async function startGuardedUpstream(trust: PopTokenOptions, certificateFrom: CertificateFrom): Promise<GuardedUpstream> {
  const arrivals: Arrival[] = [];
  const gathered: ServerResponse[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = createHash("sha256");
    for await (const piece of request) body.update(piece);
    const caller = await verifyPopRequest(request, { ...trust, certificateFrom }).catch((error: unknown) => {
      const challenge = popChallenge(error);
      if (challenge === undefined || !isMtlsPopError(error)) throw error;
      response.writeHead(401, { "www-authenticate": challenge, "content-type": "application/json" });
      response.end(JSON.stringify({ code: error.code }));
    });
    arrivals.push({ ...factsOf(request), bodySha256: body.digest("hex"), clientId: caller?.clientId, scheme: caller?.scheme });
    if (!caller) return;
    const together = /^\/together\?of=(\d+)$/.exec(request.url ?? "")?.[1];
    if (together === undefined) return void response.end("welcome");
    gathered.push(response);
    if (gathered.length === Number(together)) for (const waiting of gathered.splice(0)) waiting.end("welcome");
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  return {
    port: address.port,
    arrivals,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function factsOf({ method = "", headers }: IncomingMessage): Pick<Arrival, "method" | "tokenBoundAuth" | "connection"> {
  const told = (name: keyof typeof CONNECTION_HEADERS): string => String(headers[CONNECTION_HEADERS[name]] ?? "");
  return {
    method,
    tokenBoundAuth: headers["x-ms-tokenboundauth"]?.toString(),
    connection: {
      id: told("id"),
      tlsProtocol: told("tlsProtocol"),
      isResumed: RESUMED.includes(told("sessionReuse")),
      httpVersion: told("httpVersion"),
      alpn: told("alpn"),
    },
  };
}
