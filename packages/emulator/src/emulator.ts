import type { LookupFunction } from "node:net";
import type { TokenSettings } from "./entra/access-token.js";
import type { ApplicationRegistry } from "./entra/application-registry.js";
import { Entra } from "./entra/entra.js";
import { EMULATOR_DOMAIN, entraHosts } from "./entra/entra-hosts.js";
import { entraFaultAnswers } from "./entra/fault-answers.js";
import { FaultList } from "./faults/fault-list.js";
import { type InstanceMetadata, startInstanceMetadata } from "./instance-metadata/instance-metadata.js";
import { CertificateAuthority } from "./pki/certificate-authority.js";
import type { RecordedRequest } from "./record/recorded-request.js";
import { RequestLog } from "./record/request-log.js";
import { loopbackLookup } from "./server/loopback-lookup.js";
import { startTlsServer } from "./server/tls-server.js";

/** What an emulator is to be. */
export interface EmulatorOptions {
  /** The tenant. @default "11111111-2222-3333-4444-555555555555" */
  tenantId?: string;
  /** Further tenants by id, or domain names of the first; all know the same applications. @default none */
  tenants?: readonly string[];
  /** Also answers as the login and mtlsauth names of Microsoft's clouds. @default false */
  clouds?: boolean;
  /** The regions whose names are answered. @default all */
  regions?: readonly string[];
}

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
  /** Every request of every server, in order; the list grows while it is held. */
  readonly requests: readonly RecordedRequest[];
  /** Empties the record. */
  forgetRequests(): void;
  readonly faults: FaultList;
  /** Resolves when the connection with this id, as the record has it, is gone. */
  connectionClosed(connectionId: number): Promise<void>;
  /** Ends every connection and every server. */
  close(): Promise<void>;
}

/**
 * Starts the emulator on free ports of loopback.
 *
 * @example
 * ```ts
 * await using emulator = await startEmulator();
 * const { certificatePem, privateKeyPem } = await emulator.issueCertificate();
 * emulator.applications.register({ clientId: "orders", certificate: certificatePem });
 * ```
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  assertKnownOptions(options);
  const { tenantId = "11111111-2222-3333-4444-555555555555", tenants = [], clouds, regions } = options;
  const hosts = entraHosts({ clouds, regions });
  const log = new RequestLog();
  const faults = new FaultList();
  const record = (request: RecordedRequest): void => log.record(request);
  const authority = await CertificateAuthority.create();
  const origin = (): string => `https://login.${EMULATOR_DOMAIN}:${tokenServer.port}`;
  const entra = new Entra({ tenantId, tenants, hosts, authority, origin });
  const tokenServer = await startTlsServer({
    name: "token",
    ca: authority,
    answersTo: (name) => hosts(name) !== undefined && !faults.cuts(name),
    asksForCertificate: true,
    record,
    faultFor: (request) => faults.meet(request),
    faultAnswers: entraFaultAnswers,
    handle: ({ request, fault }) => entra.answer(request, fault),
  });
  const instanceMetadata = await startInstanceMetadata(record);
  const servers = [tokenServer];

  const close = async (): Promise<void> => {
    await Promise.all([...servers.map((server) => server.close()), instanceMetadata.close()]);
  };
  return {
    ca: authority.rootPem,
    lookup: loopbackLookup((name) => hosts(name) !== undefined),
    tenantId,
    authority: `${origin()}/${tenantId}`,
    applications: entra.applications,
    tokens: entra.tokens,
    issueCertificate: (wanted) => authority.issueCertificate(wanted),
    revokeCertificate: (certificate) => authority.revoke(certificate),
    instanceMetadata: instanceMetadata.metadata,
    requests: log.entries,
    forgetRequests: () => log.clear(),
    faults,
    connectionClosed: async (connectionId) => {
      await Promise.all(servers.map((server) => server.connectionClosed(connectionId)));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const OPTIONS: ReadonlySet<string> = new Set<keyof EmulatorOptions>(["tenantId", "tenants", "clouds", "regions"]);

function assertKnownOptions(options: EmulatorOptions): void {
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name));
  if (unknown !== undefined) throw new TypeError(`startEmulator: \`${unknown}\` is not an option. Known: ${[...OPTIONS].join(", ")}.`);
}
