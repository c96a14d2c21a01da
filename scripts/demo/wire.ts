import type { RecordedRequest, ServerName } from "@mtls-pop/emulator";
import { UntrueStatement } from "./statement.js";

/** A token as it went over the wire. */
export interface TokenOnTheWire {
  readonly scheme: string;
  readonly token: string;
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
  return { scheme, token, confirmation: confirmationOf(token) };
}

function confirmationOf(token: string): unknown {
  const [, payload] = token.split(".");
  if (payload === undefined) throw new UntrueStatement("Not true: the request carries a JWT. Its Authorization header holds none.");
  const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  const cnf: unknown = typeof claims === "object" && claims !== null ? Reflect.get(claims, "cnf") : undefined;
  return typeof cnf === "object" && cnf !== null ? Reflect.get(cnf, "x5t#S256") : undefined;
}
