import { X509Certificate } from "node:crypto";
import { BindingCertificate, ConfidentialClientApplication, createPopFetch, type PopFetch, type TransportOptions } from "@mtls-pop/core";
import { exportJWK, type JSONWebKeySet } from "jose";
import type { ClientMetadata } from "oidc-provider";
import { CertificateAuthority } from "../../packages/emulator/src/pki/certificate-authority.js";
import { loopbackLookup } from "../../packages/emulator/src/server/loopback-lookup.js";
import { plainCall, type ShownCertificate } from "../servers/plain-call.js";
import { startAuthorizationServer } from "./authorization-server.js";
import { startJoseApi } from "./jose-api.js";
import { selfSigned } from "./self-signed.js";

const [SERVER, API] = ["as.servers.example", "orders.servers.example"];

/** The resources by their indicator; the audience of tokens is the same. */
export const RESOURCES = { jwt: "https://orders.example", opaque: "https://archive.example" } as const;

/** The scope that both resources have. */
export const SCOPE = "orders.read";

/** The clients, by how they are known. */
export const CLIENTS = { selfSigned: "by-certificate", subject: "by-subject", unbound: "not-bound" } as const;

/** oidc-provider, its clients with their certificates, and an API that takes its tokens. */
export async function surroundings() {
  const serverCa = await CertificateAuthority.create();
  const clientCa = await CertificateAuthority.create();
  const strangeCa = await CertificateAuthority.create();
  const own = await selfSigned("orders");
  // the order of a certificate, and that of RFC 4514
  const [subject, writtenSubject] = ["O=Contoso,CN=orders", "CN=orders,O=Contoso"];
  const certificates = {
    selfSigned: own,
    otherSelfSigned: await selfSigned("orders"),
    issued: await clientCa.issueCertificate({ subject }),
    otherSubject: await clientCa.issueCertificate({ subject: "O=Contoso,CN=returns" }),
    otherIssuer: await strangeCa.issueCertificate({ subject }),
  };
  const clients = [
    client(CLIENTS.selfSigned, { token_endpoint_auth_method: "self_signed_tls_client_auth", jwks: await keySetOf(own) }),
    client(CLIENTS.subject, { token_endpoint_auth_method: "tls_client_auth", tls_client_auth_subject_dn: writtenSubject }),
    client(CLIENTS.unbound, {
      token_endpoint_auth_method: "tls_client_auth",
      tls_client_auth_subject_dn: writtenSubject,
      tls_client_certificate_bound_access_tokens: false,
    }),
  ];
  const server = await startAuthorizationServer({
    host: SERVER,
    credentials: await serverCa.serverCredentials(SERVER),
    clientCa: clientCa.rootPem,
    clients,
    resources: {
      [RESOURCES.jwt]: { scope: SCOPE, accessTokenFormat: "jwt" },
      [RESOURCES.opaque]: { scope: SCOPE, accessTokenFormat: "opaque" },
    },
  });
  const ca = serverCa.rootPem;
  const answer = await plainCall({ url: server.jwksUri, ca, headers: {} });
  if (!("text" in answer)) throw new Error(`oidc-provider does not show its keys: ${answer.ended}`);
  const jwks: JSONWebKeySet = JSON.parse(answer.text);
  const api = await startJoseApi({
    host: API,
    credentials: await serverCa.serverCredentials(API),
    issuer: server.issuer,
    audience: RESOURCES.jwt,
    jwks,
  });
  const transport: TransportOptions = { ca, lookup: loopbackLookup((name) => name === SERVER || name === API) };

  return {
    server,
    api,
    ca,
    certificates,
    /** A client of oidc-provider with a certificate, the one that it is known by or not. */
    application: async (
      clientId: string,
      { chainPem, privateKeyPem }: ShownCertificate,
      over: TransportOptions = {},
    ): Promise<ConfidentialClientApplication> =>
      new ConfidentialClientApplication({
        clientId,
        authority: { tokenEndpoint: server.tokenEndpoint, tokenType: "Bearer" },
        certificate: await BindingCertificate.fromPem(chainPem, { key: privateKeyPem }),
        transport: { ...transport, ...over },
      }),
    /** A new client of the API. */
    popFetch: (tokens: ConfidentialClientApplication): PopFetch =>
      createPopFetch({ tokens, resources: { orders: { baseUrl: api.url, scope: SCOPE } }, transport }),
    async close(): Promise<void> {
      await api.close();
      await server.close();
    },
  };
}

export type Surroundings = Awaited<ReturnType<typeof surroundings>>;

function client(clientId: string, metadata: Omit<ClientMetadata, "client_id">): ClientMetadata {
  return {
    client_id: clientId,
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    tls_client_certificate_bound_access_tokens: true,
    ...metadata,
  };
}

/** The keys of a client whose certificate is registered (RFC 8705 section 2.2). */
async function keySetOf({ chainPem }: ShownCertificate) {
  const leaf = new X509Certificate(chainPem);
  return { keys: [{ ...(await exportJWK(leaf.publicKey)), x5c: [leaf.raw.toString("base64")] }] };
}
