import { generateKeyPair, type X509Certificate } from "node:crypto";
import { createServer } from "node:https";
import { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { exportJWK } from "jose";
import Provider, { type ClientMetadata, errors, type ResourceServer } from "oidc-provider";
import type { ServerCredentials } from "../../packages/emulator/src/pki/certificate-authority.js";
import { closeWithConnections, listenOnLoopback } from "../../packages/emulator/src/server/loopback-server.js";

/** What the authorization server knows. */
export interface AuthorizationServerOptions {
  /** The name that it answers to. */
  readonly host: string;
  readonly credentials: ServerCredentials;
  /** The root of the clients that it knows by their subject, PEM. */
  readonly clientCa: string;
  readonly clients: ClientMetadata[];
  /** The resources by their indicator (RFC 8707); the first is meant where a request names none. */
  readonly resources: Readonly<Record<string, ResourceServer>>;
}

/** oidc-provider, which takes connections. */
export interface AuthorizationServer {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly jwksUri: string;
  /** What it would not tell its clients: why each refused request was refused, in order. */
  readonly refusals: string[];
  close(): Promise<void>;
}

/** Starts oidc-provider on loopback, with client authentication and tokens by RFC 8705. It asks for a certificate in the handshake. */
export async function startAuthorizationServer(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const { host, credentials, clientCa, clients, resources } = options;
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  // whose certificate it is, oidc-provider finds out
  const server = createServer({ ...credentials, ca: clientCa, requestCert: true, rejectUnauthorized: false });
  const issuer = `https://${host}:${await listenOnLoopback(server)}`;
  const provider = new Provider(issuer, {
    clients,
    clientAuthMethods: ["self_signed_tls_client_auth", "tls_client_auth"],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: "sig", alg: "RS256" }] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: ({ req }) => shownCertificate(req.socket),
        certificateAuthorized: ({ req }) => req.socket instanceof TLSSocket && req.socket.authorized,
        certificateSubjectMatches: ({ req }, property, expected) =>
          property === "tls_client_auth_subject_dn" && subjectOf(shownCertificate(req.socket)) === expected,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => Object.keys(resources)[0] ?? [],
        getResourceServerInfo: (_ctx, indicator) => {
          const resource = resources[indicator];
          if (!resource) throw new errors.InvalidTarget();
          return resource;
        },
      },
    },
  });
  const refusals: string[] = [];
  provider.on("grant.error", (_ctx, error) => refusals.push(error.error_detail ?? error.error_description ?? error.message));
  server.on("request", provider.callback());
  return {
    issuer,
    tokenEndpoint: `${issuer}/token`,
    jwksUri: `${issuer}/jwks`,
    refusals,
    close: () => closeWithConnections(server),
  };
}

/** The certificate of a connection; `undefined` where none was shown. */
export function shownCertificate(socket: object): X509Certificate | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
}

/** A subject as RFC 4514 writes it: the last part first. */
function subjectOf(certificate: X509Certificate | undefined): string | undefined {
  return certificate?.subject.split("\n").reverse().join(",");
}
