import { X509Certificate } from "node:crypto";
import type { RecordedRequest, ServerName } from "@mtls-pop/emulator";
import { UntrueStatement } from "./statement.js";

/** A token as it went over the wire. */
export interface TokenOnTheWire {
  readonly scheme: string;
  readonly token: string;
  readonly claims: TokenClaims;
}

/** What stands in a token. */
export interface TokenClaims {
  readonly audience: unknown;
  readonly subject: unknown;
  /** The client id of the application that it was given to. */
  readonly application: unknown;
  /** `cnf["x5t#S256"]`: the hash of the certificate that it is bound to. */
  readonly confirmation: unknown;
}

/** What one of the emulator's servers has received. */
export function received(requests: readonly RecordedRequest[], server: ServerName): RecordedRequest[] {
  return requests.filter((request) => request.server === server);
}

/** The latest request that one of the emulator's servers has received. */
export function lastReceived(requests: readonly RecordedRequest[], server: ServerName): RecordedRequest {
  const last = received(requests, server).at(-1);
  if (!last) throw new UntrueStatement(`Not true: a request reached the ${server} server. Its record is empty.`);
  return last;
}

/** The token in a request's `Authorization` header. */
export function tokenOf({ headers }: RecordedRequest): TokenOnTheWire {
  const [scheme = "", token = ""] = (headers["authorization"] ?? "").split(" ");
  return { scheme, token, claims: claimsOf(token) };
}

/** What stands in a JWT. */
export function claimsOf(token: string): TokenClaims {
  const [, payload] = token.split(".");
  if (payload === undefined) throw new UntrueStatement("Not true: the request carries a JWT. It holds none.");
  const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  return {
    audience: memberOf(claims, "aud"),
    subject: memberOf(claims, "sub"),
    application: memberOf(claims, "appid"),
    confirmation: memberOf(memberOf(claims, "cnf"), "x5t#S256"),
  };
}

/** The certificate that a request's connection has shown. */
export function certificateOf({ clientCertificate, path }: RecordedRequest): X509Certificate {
  if (!clientCertificate) throw new UntrueStatement(`Not true: the connection of ${path} showed a certificate. It showed none.`);
  return new X509Certificate(clientCertificate);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
