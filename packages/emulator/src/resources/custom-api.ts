import { type Answer, json } from "../server/answer.js";
import type { Exchange } from "../server/exchange.js";
import type { TlsVersions } from "../server/tls-options.js";
import { startTlsServer, type TlsServer } from "../server/tls-server.js";
import { type FaultAnswers, retryAfter } from "../server/transport-fault.js";
import { readAuthorization } from "./authorization.js";
import { answerApiCall } from "./custom-api-routes.js";
import { API_DOMAIN } from "./resource-hosts.js";
import type { ResourceServerOptions } from "./resource-server.js";
import { type StreamedAnswer, StreamedAnswers } from "./streamed-answer.js";
import { assertConfirmed, TokenRefusal, verifyToken } from "./verify-token.js";

/** What of the API can be chosen. */
export interface CustomApiSettings extends TlsVersions {
  /** What tokens have to be for. @default "api://orders" */
  readonly audience?: string;
  /** Authorization schemes that it takes, in lower case. @default ["pop"] */
  readonly schemes?: readonly string[];
}

export interface CustomApiOptions extends ResourceServerOptions, CustomApiSettings {}

/** An API of one's own that takes bound tokens; every name under `api.emulator.localhost` is answered, and recorded with its host. */
export interface CustomApi {
  /** `https://orders.api.emulator.localhost:{port}` */
  readonly url: string;
  readonly audience: string;
  /** `{audience}/.default` */
  readonly scope: string;
  /** Another name of the same server, such as `https://other.api.emulator.localhost:{port}`: another origin to a client. */
  urlOf(name: string): string;
  /** The answer to `/stream/{name}`, which the test writes. */
  stream(name: string): StreamedAnswer;
}

/** Starts an API that asks for the certificate in the first handshake and takes the scheme `pop`. */
export async function startCustomApi(options: CustomApiOptions): Promise<{ customApi: CustomApi; server: TlsServer }> {
  const { authority, audience = "api://orders", schemes = ["pop"] } = options;
  const streams = new StreamedAnswers();
  const challenge = challenger(schemes, authority);
  const server = await startTlsServer({
    ...options,
    name: "custom-api",
    asksForCertificate: true,
    faultAnswers: faultAnswers(challenge),
    handle: async (exchange: Exchange) => {
      const { headers, clientCertificate: certificate } = exchange.request;
      const authorization = readAuthorization(headers["authorization"]);
      if (!authorization) return challenge();
      if (!schemes.includes(authorization.scheme)) return challenge("invalid_request", `The scheme ${authorization.scheme} is not taken.`);
      if (!certificate) return challenge("invalid_token", "The connection showed no client certificate.");
      try {
        const token = await verifyToken(authorization.token, options.trust, audience);
        assertConfirmed(token, certificate);
        return answerApiCall({ exchange, authorization, token, certificate, streams, insufficientClaims: challenge.forClaims });
      } catch (error) {
        if (error instanceof TokenRefusal) return challenge("invalid_token", error.message);
        throw error;
      }
    },
  });
  const urlOf = (name: string): string => `https://${name}.${API_DOMAIN}:${server.port}`;
  const scope = `${audience}/.default`;
  return { customApi: { url: urlOf("orders"), audience, scope, urlOf, stream: (name) => streams.get(name) }, server };
}

interface Challenger {
  /** A 401; bare when the request had no credentials at all (RFC 6750 section 3.1). */
  (error?: "invalid_request" | "invalid_token", description?: string): Answer;
  forClaims(claims: unknown): Answer;
}

function challenger(schemes: readonly string[], authority: string): Challenger {
  const answer = (parameters: Readonly<Record<string, string>>): Answer => {
    const all = { realm: "orders", authorization_uri: `${authority}/oauth2/v2.0/authorize`, ...parameters };
    const list = Object.entries(all).map(([name, value]) => `${name}="${value.replaceAll('"', "'")}"`);
    return json(401, parameters, { "www-authenticate": schemes.map((scheme) => `${scheme} ${list.join(", ")}`) });
  };
  return Object.assign((error?: string, description = "") => answer(error === undefined ? {} : { error, error_description: description }), {
    forClaims: (claims: unknown) =>
      answer({ error: "insufficient_claims", claims: Buffer.from(JSON.stringify(claims)).toString("base64") }),
  });
}

function faultAnswers(challenge: Challenger): FaultAnswers {
  return {
    throttled: (seconds) => json(429, { error: "too_many_requests" }, retryAfter(seconds)),
    unavailable: (seconds) => json(503, { error: "unavailable" }, retryAfter(seconds)),
    revokedCertificate: () => challenge("invalid_token", "The client certificate has been revoked."),
  };
}
