import { createHash } from "node:crypto";
import { validateHeaderName, validateHeaderValue } from "node:http";
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

/** 64 MiB. */
const MOST_BYTES = 67_108_864;

/** What the API serves, by the first segment of the path; the rest of the path is the route's own. */
const ROUTES: Readonly<Record<string, Route>> = {
  echo,
  headers: ({ exchange: { request } }) => json(200, request.headers, checkedHeaders(request.query)),
  bytes: (_call, rest) => ({
    status: 200,
    headers: { "content-type": "application/octet-stream" },
    body: Buffer.alloc(wholeNumber(rest, 0, MOST_BYTES), "mtls"),
  }),
  gzip: () => encoded("gzip", gzipSync),
  deflate: () => encoded("deflate", deflateSync),
  br: () => encoded("br", brotliCompressSync),
  redirect: ({ exchange: { request } }) => ({
    status: wholeNumber(request.query["status"] ?? "302", 300, 399),
    headers: checkedHeaders({ location: request.query["to"] ?? "/echo" }),
  }),
  status: (_call, rest) => statusOnly(wholeNumber(rest, 200, 599)),
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

/** A path or query that asks for an answer that there cannot be. */
class Unanswerable extends Error {
  override readonly name = "Unanswerable";
}

/** Answers an authenticated call. */
export function answerApiCall(call: ApiCall): Answer | undefined {
  const [, segment = "", rest = ""] = /^\/([^/]*)\/?(.*)$/.exec(call.exchange.request.path) ?? [];
  const route = Object.hasOwn(ROUTES, segment) ? ROUTES[segment] : undefined;
  if (!route) return json(404, { error: "not_found", path: call.exchange.request.path });
  try {
    return route(call, rest);
  } catch (error) {
    if (error instanceof Unanswerable) return json(400, { error: "invalid_request", error_description: error.message });
    throw error;
  }
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

function wholeNumber(text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Unanswerable(`${JSON.stringify(text)} is no whole number from ${least} to ${most}.`);
}

function checkedHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  try {
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
  } catch (cause) {
    throw new Unanswerable("These cannot be headers of an answer.", { cause });
  }
  return headers;
}
