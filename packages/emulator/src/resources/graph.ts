import { randomUUID } from "node:crypto";
import { confirmationOf } from "../entra/confirmation.js";
import { type Answer, json } from "../server/answer.js";
import type { Exchange } from "../server/exchange.js";
import { startTlsServer, type TlsServer } from "../server/tls-server.js";
import { type FaultAnswers, retryAfter } from "../server/transport-fault.js";
import { readAuthorization } from "./authorization.js";
import { GRAPH_HOST } from "./resource-hosts.js";
import type { ResourceServerOptions } from "./resource-server.js";
import { assertConfirmed, TokenRefusal, verifyToken } from "./verify-token.js";

const GRAPH_RESOURCE = "https://graph.microsoft.com";

/** An application as `/v1.0/applications` lists it. */
export interface GraphApplication {
  readonly id: string;
  readonly appId: string;
  readonly displayName: string;
}

export interface GraphOptions extends ResourceServerOptions {
  /** What `/v1.0/applications` lists. @default nothing */
  readonly applications?: () => readonly GraphApplication[];
}

/** The emulated Graph. */
export interface Graph {
  /** `https://mtlstb.graph.emulator.localhost:{port}` */
  readonly url: string;
}

/**
 * Starts a Graph that asks for the certificate in the first handshake and names no acceptable authorities.
 *
 * @see PROTOCOL.md section 4
 */
export async function startGraph(options: GraphOptions): Promise<{ graph: Graph; server: TlsServer }> {
  const { authority, applications = () => [] } = options;
  const server = await startTlsServer({
    ...options,
    name: "graph",
    asksForCertificate: true,
    faultAnswers: faultAnswers(authority),
    handle: async (exchange) => {
      const refusal = await refusalOf(exchange, options);
      if (refusal !== undefined) return unauthorized(refusal, authority);
      const { method, path } = exchange.request;
      if (path !== "/v1.0/applications") {
        return graphError(400, "BadRequest", `Resource not found for the segment '${path.split("/").at(-1) ?? ""}'.`);
      }
      if (method !== "GET") return graphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.");
      return json(200, { "@odata.context": `${exchange.url.origin}/v1.0/$metadata#applications`, value: applications() });
    },
  });
  return { graph: { url: `https://${GRAPH_HOST}:${server.port}` }, server };
}

/** Why a request is not let in; nothing when it is. */
async function refusalOf({ request }: Exchange, { trust }: GraphOptions): Promise<string | undefined> {
  const authorization = readAuthorization(request.headers["authorization"]);
  const isBound = authorization?.scheme === "mtls_pop";
  if (!authorization || (!isBound && authorization.scheme !== "bearer")) return "Access token is empty.";
  if (isBound && !request.clientCertificate) return "MtlsMissingClientCertificate";
  try {
    const token = await verifyToken(authorization.token, trust, GRAPH_RESOURCE);
    if (!isBound) return confirmationOf(token.claims) === undefined ? undefined : "Cnf claim not supported over Bearer protocol.";
    if (request.clientCertificate) assertConfirmed(token, request.clientCertificate);
    return undefined;
  } catch (error) {
    if (error instanceof TokenRefusal) return refusalText(error);
    throw error;
  }
}

function refusalText({ flaw }: TokenRefusal): string {
  switch (flaw) {
    case "audience":
      return "Access token validation failure. Invalid audience.";
    case "issuer":
      return "Access token validation failure. Invalid issuer.";
    case "signature":
      return "Signature is invalid.";
    case "expired":
    case "not-yet-valid":
      return "Lifetime validation failed, the token is expired.";
    case "unconfirmed":
    case "certificate":
      return "MtlsCnfClaimRequestDataValidationFailed";
    case "malformed":
      return "IDX14100: JWT is not well formed.";
  }
}

function unauthorized(message: string, authority: string): Answer {
  const answer = graphError(401, "InvalidAuthenticationToken", message);
  const challenge = `Bearer realm="", authorization_uri="${authority}/oauth2/v2.0/authorize", client_id="00000003-0000-0000-c000-000000000000"`;
  return { ...answer, headers: { ...answer.headers, "www-authenticate": challenge } };
}

function graphError(status: number, code: string, message: string, headers: Record<string, string> = {}): Answer {
  const requestId = randomUUID();
  const innerError = { date: new Date().toISOString().slice(0, 19), "request-id": requestId, "client-request-id": requestId };
  return json(status, { error: { code, message, innerError } }, { "request-id": requestId, ...headers });
}

function faultAnswers(authority: string): FaultAnswers {
  return {
    throttled: (seconds) => graphError(429, "TooManyRequests", "Too many requests.", retryAfter(seconds)),
    unavailable: (seconds) => graphError(503, "serviceNotAvailable", "The service is not available.", retryAfter(seconds)),
    revokedCertificate: () => unauthorized("The client certificate has been revoked.", authority),
  };
}
