import { type KeyObject, randomUUID, X509Certificate } from "node:crypto";
import type { Emulator } from "../../src/index.js";
import { askHttp, type HttpAnswer } from "../http-client.js";
import { type HttpsClient, httpsClient } from "../server/https-client.js";
import { postForm } from "../token-request.js";
import { buildCertificateRequest, type RequestParts, sharedKey } from "./certificate-request-builder.js";

/** What the platform tells a machine of an identity. */
export interface PlatformMetadata {
  readonly cuId: { readonly vmId?: string; readonly vmssId?: string };
  readonly clientId: string;
  readonly tenantId: string;
  readonly attestationEndpoint: string;
}

/** What issuecredential answers. */
export interface Credential {
  readonly client_id: string;
  readonly tenant_id: string;
  readonly certificate: string;
  readonly identity_type: string;
  readonly mtls_authentication_endpoint: string;
}

export type Query = Readonly<Record<string, string>>;

const headers = () => ({ metadata: "true", "x-ms-client-request-id": randomUUID() });

/** Asks the metadata service with what every request of version 2 has. */
export function askImds(emulator: Emulator, path: string, query: Query, json?: unknown): Promise<HttpAnswer> {
  const search = new URLSearchParams(query);
  return askHttp(emulator.instanceMetadata.url, `/metadata/identity/${path}?${search}`, {
    headers: headers(),
    ...(json !== undefined && { method: "POST", json }),
  });
}

export async function platformMetadata(emulator: Emulator, query: Query = {}): Promise<PlatformMetadata> {
  const { status, body } = await askImds(emulator, "getplatformmetadata", { "cred-api-version": "2.0", ...query });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body as PlatformMetadata;
}

/** Mints a certificate as a machine does, without a line of the client that is tested with the emulator. */
export async function issueCredential(
  emulator: Emulator,
  { query = {}, attestationToken, ...parts }: { query?: Query; attestationToken?: string } & Partial<RequestParts> = {},
): Promise<HttpAnswer> {
  const metadata = await platformMetadata(emulator, query);
  const csr = buildCertificateRequest({ ...metadata, key: sharedKey(), ...parts });
  const body = { csr, ...(attestationToken !== undefined && { attestation_token: attestationToken }) };
  return askImds(emulator, "issuecredential", { "cred-api-version": "2.0", ...query }, body);
}

/** A machine that holds a certificate. */
export interface Machine {
  readonly credential: Credential;
  readonly certificate: X509Certificate;
  readonly client: HttpsClient;
  /** Asks for a token; flow (3) unless fields say otherwise. */
  ask(fields?: Query, host?: string): Promise<Readonly<Record<string, unknown>>>;
}

/** A certificate and a client that shows it. */
export async function machineOf(emulator: Emulator, query: Query = {}, key: KeyObject = sharedKey()): Promise<Machine> {
  const { status, body } = await issueCredential(emulator, { query, key });
  if (status !== 200) throw new Error(JSON.stringify(body));
  const credential = body as Credential;
  const certificate = new X509Certificate(Buffer.from(credential.certificate, "base64"));
  const client = httpsClient({
    ca: emulator.ca,
    lookup: emulator.lookup,
    cert: certificate.toString(),
    key: key.export({ type: "pkcs8", format: "pem" }).toString(),
  });
  return {
    credential,
    certificate,
    client,
    ask: async (fields = {}, host) => {
      const endpoint = new URL(`${credential.mtls_authentication_endpoint}/${credential.tenant_id}/oauth2/v2.0/token`);
      if (host !== undefined) endpoint.hostname = host;
      const form = {
        client_id: credential.client_id,
        grant_type: "client_credentials",
        scope: "https://vault.azure.net/.default",
        token_type: "mtls_pop",
        ...fields,
      };
      return (await postForm(client, endpoint.href, form)).json() as Readonly<Record<string, unknown>>;
    },
  };
}
