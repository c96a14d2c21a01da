import { createHash } from "node:crypto";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { type Answer, json } from "../server/answer.js";
import type { Exchange } from "../server/exchange.js";
import type { Authorization } from "./authorization.js";
import type { StreamedAnswers } from "./streamed-answer.js";
import type { VerifiedToken } from "./verify-token.js";

/** An authenticated request and who sent it. */
export interface ApiCall {
  readonly exchange: Exchange;
  readonly authorization: Authorization;
  readonly token: VerifiedToken;
  readonly certificate: Buffer;
  readonly streams: StreamedAnswers;
  /** The 401 that asks for a token with these claims. */
  readonly insufficientClaims: (claims: unknown) => Answer;
}

/** Answers a call; nothing when the route writes by itself or never answers. */
type Route = (call: ApiCall, rest: string) => Answer | undefined;

/** What the API serves, by the first segment of the path; the rest of the path is the route's own. */
const ROUTES: Readonly<Record<string, Route>> = {
  echo,
  headers: ({ exchange: { request } }) => json(200, request.headers, request.query),
  bytes: (_call, rest) => ({
    status: 200,
    headers: { "content-type": "application/octet-stream" },
    body: Buffer.alloc(Number(rest), "mtls"),
  }),
  gzip: () => encoded("gzip", gzipSync),
  deflate: () => encoded("deflate", deflateSync),
  br: () => encoded("br", brotliCompressSync),
  redirect: ({ exchange: { request } }) => ({
    status: Number(request.query["status"] ?? 302),
    headers: { location: request.query["to"] ?? "/echo" },
  }),
  status: (_call, rest) => statusOnly(Number(rest)),
  stream: ({ exchange, streams }, rest) => {
    const response = exchange.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    // at once, so that a client has the head before there is a body
    response.flushHeaders();
    streams.open(rest, response);
    return undefined;
  },
  slow: () => undefined,
  orders: (_call, rest) => json(200, { id: rest }),
  claims,
};

/** Answers an authenticated call. */
export function answerApiCall(call: ApiCall): Answer | undefined {
  const [, segment = "", rest = ""] = /^\/([^/]*)\/?(.*)$/.exec(call.exchange.request.path) ?? [];
  const route = Object.hasOwn(ROUTES, segment) ? ROUTES[segment] : undefined;
  return route ? route(call, rest) : json(404, { error: "not_found", path: call.exchange.request.path });
}

/** What `/echo` answers. */
export interface EchoedCall {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body: string;
  /** Hex. */
  readonly bodySha256: string;
  /** Upper-case hex, of the certificate that the connection showed. */
  readonly certificateSha256: string;
  /** Lower case. */
  readonly authorizationScheme: string;
  readonly clientId: string;
}

function echo({ exchange: { request, body }, authorization, token, certificate }: ApiCall): Answer {
  const echoed: EchoedCall = {
    method: request.method,
    path: request.path,
    query: request.query,
    headers: request.headers,
    body: body.toString("base64"),
    bodySha256: createHash("sha256").update(body).digest("hex"),
    certificateSha256: createHash("sha256").update(certificate).digest("hex").toUpperCase(),
    authorizationScheme: authorization.scheme,
    clientId: token.clientId,
  };
  return json(200, echoed);
}

/** Wants the authentication context `?value=` in the token's `acrs`, and with `?unsatisfiable` takes no token for it. */
function claims({ exchange: { request }, token, insufficientClaims }: ApiCall): Answer {
  const value = request.query["value"] ?? "c1";
  const carried = [token.claims["acrs"] ?? []].flat();
  if (carried.includes(value) && !("unsatisfiable" in request.query)) return json(200, { acrs: carried });
  return insufficientClaims({ access_token: { acrs: { essential: true, value } } });
}

function encoded(encoding: string, compress: (text: string) => Buffer): Answer {
  return { ...json(200, {}, { "content-encoding": encoding }), body: compress(JSON.stringify({ encoding })) };
}

/** These have no body (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

function statusOnly(status: number): Answer {
  return BODILESS.has(status) ? { status } : json(status, { status });
}
