import type { LookupFunction } from "node:net";
import { startAdminServer } from "./admin/admin-server.js";
import { assertEmulatorOptions, type EmulatorOptions } from "./emulator-options.js";
import type { TokenSettings } from "./entra/access-token.js";
import type { ApplicationRegistry } from "./entra/application-registry.js";
import { Entra } from "./entra/entra.js";
import { EMULATOR_DOMAIN, entraHosts } from "./entra/entra-hosts.js";
import { entraFaultAnswers } from "./entra/fault-answers.js";
import { FaultList } from "./faults/fault-list.js";
import { type InstanceMetadata, startInstanceMetadata } from "./instance-metadata/instance-metadata.js";
import { type AppService, startAppService } from "./managed-identity/app-service.js";
import { type Attestation, startAttestation } from "./managed-identity/attestation-server.js";
import { AttestationKeys } from "./managed-identity/attestation-token.js";
import { ManagedIdentities } from "./managed-identity/managed-identities.js";
import { CertificateAuthority } from "./pki/certificate-authority.js";
import type { RecordedRequest } from "./record/recorded-request.js";
import { RequestLog } from "./record/request-log.js";
import { type CustomApi, startCustomApi } from "./resources/custom-api.js";
import { type Graph, startGraph } from "./resources/graph.js";
import { type KeyVault, startKeyVault } from "./resources/key-vault.js";
import { resourceHosts } from "./resources/resource-hosts.js";
import { loopbackLookup } from "./server/loopback-lookup.js";
import { RunningServers } from "./server/running-servers.js";
import { startTlsServer } from "./server/tls-server.js";

/** A running emulator; everything it made is gone after `close()`. */
export interface Emulator extends AsyncDisposable {
  /** PEM of the root that signed every server's certificate. */
  readonly ca: string;
  /** Puts every emulated name on loopback and knows no other. */
  readonly lookup: LookupFunction;
  readonly tenantId: string;
  /** `https://login.emulator.localhost:{port}/{tenantId}` */
  readonly authority: string;
  readonly applications: ApplicationRegistry;
  /** How long tokens live; may be changed at any time. */
  readonly tokens: TokenSettings;
  /** Makes a client certificate with its key. */
  readonly issueCertificate: CertificateAuthority["issueCertificate"];
  /** Refuses a certificate from now on, PEM or DER. */
  readonly revokeCertificate: (certificate: string | Buffer) => void;
  readonly instanceMetadata: InstanceMetadata;
  /** The managed identities of the emulated machine and app, and how they are served. */
  readonly managedIdentities: ManagedIdentities;
  readonly attestation: Attestation;
  readonly appService: AppService;
  readonly keyVault: KeyVault;
  readonly graph: Graph;
  readonly customApi: CustomApi;
  /** Origin of the admin endpoint, for other processes: `http://127.0.0.1:{port}`. */
  readonly adminUrl: string;
  /** Every request of every server, in order; the list grows while it is held. */
  readonly requests: readonly RecordedRequest[];
  /** Empties the record. */
  forgetRequests(): void;
  readonly faults: FaultList;
  /** Resolves when the connection with this id, as the record has it, is gone. */
  connectionClosed(connectionId: number): Promise<void>;
  /** Ends every connection and every server. Safe to call again. */
  close(): Promise<void>;
}

/**
 * Starts the emulator on free ports of loopback.
 *
 * @throws {TypeError} for an unknown option
 * @example
 * ```ts
 * await using emulator = await startEmulator();
 * const { certificatePem, privateKeyPem } = await emulator.issueCertificate();
 * emulator.applications.register({ clientId: "orders", certificate: certificatePem });
 * emulator.keyVault.secrets.set("my-secret", "s3cret");
 * ```
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  assertEmulatorOptions(options);
  const servers = new RunningServers();
  try {
    return await startServers(options, servers);
  } catch (error) {
    await servers.close();
    throw error;
  }
}

const ATTESTATION_HOST = `attestation.${EMULATOR_DOMAIN}`;

async function startServers(options: EmulatorOptions, servers: RunningServers): Promise<Emulator> {
  const { tenantId = "11111111-2222-3333-4444-555555555555", tenants = [], clouds, regions } = options;
  const hosts = entraHosts({ clouds, regions });
  const resources = resourceHosts({ clouds });
  const log = new RequestLog();
  const faults = new FaultList();
  const ca = await CertificateAuthority.create();
  const origin = (): string => `https://login.${EMULATOR_DOMAIN}:${tokenServer.port}`;
  const managedIdentities = new ManagedIdentities(tenantId);
  const managedIdentity = (clientId: string) => managedIdentities.get(clientId);
  const entra = new Entra({ tenantId, tenants, hosts, authority: ca, managedIdentity, origin });
  const observed = {
    ca,
    record: (request: RecordedRequest): void => log.record(request),
    faultFor: (request: RecordedRequest) => faults.meet(request),
  };
  const tokenServer = await startTlsServer({
    ...observed,
    name: "token",
    answersTo: (name) => hosts(name) !== undefined && !faults.cuts(name),
    asksForCertificate: true,
    faultAnswers: entraFaultAnswers,
    handle: ({ request, fault }) => entra.answer(request, fault),
  });
  servers.add(tokenServer);
  const authority = `${origin()}/${tenantId}`;
  const shared = { ...observed, authority, trust: { keys: entra.keys.find, issuer: entra.issuer(tenantId) } };
  const { keyVault, server: vaultServer } = await startKeyVault({ ...shared, ...options.keyVault, answersTo: resources.keyVault });
  servers.add(vaultServer);
  const applications = () =>
    Array.from(entra.applications, ({ objectId, clientId }) => ({ id: objectId, appId: clientId, displayName: clientId }));
  const { graph, server: graphServer } = await startGraph({ ...shared, applications, answersTo: resources.graph });
  servers.add(graphServer);
  const { customApi, server: apiServer } = await startCustomApi({ ...shared, ...options.customApi, answersTo: resources.customApi });
  servers.add(apiServer);
  const attestationKeys = new AttestationKeys(() => attestation.url);
  const { attestation, server: attestationServer } = await startAttestation({ ...observed, host: ATTESTATION_HOST, keys: attestationKeys });
  servers.add(attestationServer);
  const tokens = { keys: entra.keys, settings: entra.tokens, issuer: (tenant: string) => entra.issuer(tenant) };
  const { appService, server: appServiceServer } = await startAppService({ ...observed, identities: managedIdentities, tokens });
  servers.add(appServiceServer);
  const { metadata: instanceMetadata, server: metadataServer } = await startInstanceMetadata({
    ...observed,
    identities: managedIdentities,
    authority: ca,
    attestationKeys,
    attestationEndpoint: attestation.url,
    mtlsAuthenticationEndpoint: `https://mtlsauth.${EMULATOR_DOMAIN}:${tokenServer.port}`,
    tokens,
  });
  servers.add(metadataServer);
  const urls = {
    keyVault: keyVault.url,
    graph: graph.url,
    customApi: customApi.url,
    instanceMetadata: instanceMetadata.url,
    attestation: attestation.url,
    identityEndpoint: appService.environment.IDENTITY_ENDPOINT,
    identityHeader: appService.environment.IDENTITY_HEADER,
  };
  const adminServer = await startAdminServer({
    facts: { tenantId, authority, ...urls },
    faults,
    log,
    applications: entra.applications,
    secrets: keyVault.secrets,
    machine: { managedIdentities, instanceMetadata },
  });
  servers.add(adminServer);

  return {
    ca: ca.rootPem,
    lookup: loopbackLookup(
      (name) => hosts(name) !== undefined || name === ATTESTATION_HOST || Object.values(resources).some((isName) => isName(name)),
    ),
    tenantId,
    authority,
    applications: entra.applications,
    tokens: entra.tokens,
    issueCertificate: (wanted) => ca.issueCertificate(wanted),
    revokeCertificate: (certificate) => ca.revoke(certificate),
    instanceMetadata,
    managedIdentities,
    attestation,
    appService,
    keyVault,
    graph,
    customApi,
    adminUrl: adminServer.url,
    requests: log.entries,
    forgetRequests: () => log.clear(),
    faults,
    connectionClosed: (connectionId) => servers.connectionClosed(connectionId),
    close: () => servers.close(),
    [Symbol.asyncDispose]: () => servers.close(),
  };
}
