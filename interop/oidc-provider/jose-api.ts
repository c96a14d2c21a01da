import { createHash, type X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import type { ServerCredentials } from "../../packages/emulator/src/pki/certificate-authority.js";
import { closeWithConnections, listenOnLoopback } from "../../packages/emulator/src/server/loopback-server.js";
import { shownCertificate } from "./authorization-server.js";

/** Whose tokens an API takes, and for whom they have to be. */
export interface JoseApiOptions {
  readonly host: string;
  readonly credentials: ServerCredentials;
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: JSONWebKeySet;
}

/** An API that takes connections. */
export interface JoseApi {
  readonly url: string;
  /** The clients that were let in, in order. */
  readonly letIn: string[];
  close(): Promise<void>;
}

/** Starts an API that takes bound tokens of another server than Entra, as RFC 8705 section 3 has it: `200`, else `401` with the reason. */
export async function startJoseApi({ host, credentials, jwks, ...expected }: JoseApiOptions): Promise<JoseApi> {
  const letIn: string[] = [];
  const keys = createLocalJWKSet(jwks);

  async function clientOf({ headers, socket }: IncomingMessage): Promise<string> {
    // the scheme of what RFC 8705 calls a Bearer token
    const [, token] = /^Bearer ([\w.~+/-]+=*)$/i.exec(headers.authorization ?? "") ?? [];
    if (token === undefined) throw new Error("no Bearer token");
    const { payload } = await jwtVerify(token, keys, { ...expected, typ: "at+jwt", algorithms: ["RS256"] });
    assertBoundTo(payload, shownCertificate(socket));
    return String(payload["client_id"]);
  }

  const server = createServer({ ...credentials, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    clientOf(request).then(
      (client) => {
        letIn.push(client);
        response.end("welcome");
      },
      (error: Error) => response.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' }).end(error.message),
    );
  });
  return { url: `https://${host}:${await listenOnLoopback(server)}`, letIn, close: () => closeWithConnections(server) };
}

function assertBoundTo({ cnf }: JWTPayload, certificate: X509Certificate | undefined): void {
  const bound = typeof cnf === "object" && cnf !== null ? Reflect.get(cnf, "x5t#S256") : undefined;
  if (bound === undefined) throw new Error("the token names no certificate");
  if (!certificate) throw new Error("the connection showed no certificate");
  if (createHash("sha256").update(certificate.raw).digest("base64url") !== bound) throw new Error("bound to another certificate");
}
