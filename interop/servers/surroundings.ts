import { randomUUID } from "node:crypto";
import {
  BindingCertificate,
  ConfidentialClientApplication,
  createPopFetch,
  type PopFetch,
  type ResourceOptions,
  type TransportOptions,
} from "@mtls-pop/core";
import type { CertificateFrom } from "@mtls-pop/core/guard";
import { startEmulator } from "@mtls-pop/emulator";
import { CertificateAuthority } from "../../packages/emulator/src/pki/certificate-authority.js";
import { loopbackLookup } from "../../packages/emulator/src/server/loopback-lookup.js";
import { startGuardedUpstream } from "./guarded-upstream.js";
import type { ServerSurroundings } from "./real-server.js";

/** The name of every server; a proxy does not take it for one of loopback. */
export const HOST = "api.servers.example";

/** The emulator as the authority of the tokens, an application with its certificate, and what real servers are to be given. */
export async function surroundings() {
  const emulator = await startEmulator();
  // servers have an authority of their own, which has issued no client's certificate
  const serverCa = await CertificateAuthority.create();
  const issued = await emulator.issueCertificate();
  const clientId = randomUUID();
  emulator.applications.register({ clientId, certificate: issued.certificatePem });
  const transport = {
    ca: [emulator.ca, serverCa.rootPem],
    lookup: loopbackLookup((name) => name === HOST || name.endsWith(".localhost")),
    headersTimeoutMs: 10_000,
  };
  const certificate = await BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem });
  const applicationOver = (over: TransportOptions = {}): ConfidentialClientApplication =>
    new ConfidentialClientApplication({
      clientId,
      authority: emulator.authority,
      knownAuthorities: [new URL(emulator.authority).host],
      certificate,
      transport: { ...transport, ...over },
    });
  const application = applicationOver();
  const { audience, scope } = emulator.customApi;
  const trust = {
    issuer: `${emulator.authority}/v2.0`,
    audience,
    jwks: `${emulator.authority}/discovery/v2.0/keys`,
    transport: { ca: emulator.ca, lookup: emulator.lookup },
  };
  const credentials = await serverCa.serverCredentials(HOST);

  return {
    emulator,
    issued,
    clientId,
    serverCa: serverCa.rootPem,
    /** For whoever meets a server that sends its own certificate alone. */
    serverIntermediate: serverCa.intermediatePem,
    /** What a server of another name is given. */
    credentialsOf: (name: string) => serverCa.serverCredentials(name),
    /** Whose tokens an API behind a server takes. */
    trust,
    /** A bound token for the API behind every server. */
    accessToken: async (): Promise<string> => (await application.acquireBoundToken({ scopes: [scope] })).accessToken,
    /** An API that trusts the emulator's tokens, and whoever is said to forward the certificate. */
    upstream: (certificateFrom: CertificateFrom) => startGuardedUpstream(trust, certificateFrom),
    /** What a server in front of this port is made of. */
    before: (upstreamPort: number): ServerSurroundings => ({
      host: HOST,
      credentials,
      clientCa: emulator.ca,
      strangeCa: serverCa.rootPem,
      upstreamPort,
    }),
    /** The application once more, with a cache of its own, over other connections. */
    applicationOver,
    /** A new client of one server; the token is the application's, from its cache. */
    popFetch: (baseUrl: string, resource: Omit<ResourceOptions, "baseUrl"> = {}, over: TransportOptions = {}): PopFetch =>
      createPopFetch({
        tokens: application,
        resources: { api: { baseUrl, scope, ...resource } },
        transport: { ...transport, ...over },
      }),
    close: () => emulator.close(),
  };
}

export type Surroundings = Awaited<ReturnType<typeof surroundings>>;
