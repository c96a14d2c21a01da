import { SecretClient } from "@azure/keyvault-secrets";
import { BlobServiceClient } from "@azure/storage-blob";
import { BindingCertificate, ConfidentialClientApplication, MtlsPopError, type TransportOptions } from "@mtls-pop/core";
import { createMtlsPopHttpClient, MtlsPopCredential, type MtlsPopHttpClient } from "@mtls-pop/core/azure-sdk";
import { startEmulator } from "@mtls-pop/emulator";

export function clients(credential: MtlsPopCredential, httpClient: MtlsPopHttpClient, vaultUrl: string) {
  const blobs = new BlobServiceClient("https://contoso.blob.core.windows.net", credential, { httpClient });
  return { blobs, secrets: new SecretClient(vaultUrl, credential, { httpClient, disableChallengeResourceVerification: true }) };
}

/** Reads a secret with the SDK's client, and asks whether both entries have the same classes. */
export async function read(): Promise<{ value: string | undefined; sameClasses: boolean }> {
  const emulator = await startEmulator();
  const { certificatePem, privateKeyPem } = await emulator.issueCertificate();
  emulator.applications.register({ clientId: "consumer", certificates: [certificatePem] });
  emulator.keyVault.secrets.set("my-secret", "read by the SDK");
  const transport: TransportOptions = { ca: emulator.ca, lookup: emulator.lookup };
  const application = new ConfidentialClientApplication({
    clientId: "consumer",
    authority: emulator.authority,
    knownAuthorities: [new URL(emulator.authority).host],
    certificate: await BindingCertificate.fromPem(certificatePem + privateKeyPem),
    transport,
  });
  const credential = new MtlsPopCredential({ tokens: application });
  const vault = { baseUrl: emulator.keyVault.url, profile: "key-vault" } as const;
  const httpClient = createMtlsPopHttpClient({ credential, transport, resources: { vault } });
  const { value } = await clients(credential, httpClient, vault.baseUrl).secrets.getSecret("my-secret");
  const error: unknown = await credential.getToken([]).catch((reason: unknown) => reason);
  await httpClient.close();
  await emulator.close();
  return { value, sameClasses: error instanceof MtlsPopError };
}
