import { CertificateClient } from "@azure/keyvault-certificates";
import { SecretClient } from "@azure/keyvault-secrets";
import type { EmulatorOptions } from "@mtls-pop/emulator";
import type { BoundTokenSource } from "../../src/application/bound-token-source.js";
import { createMtlsPopHttpClient, MtlsPopCredential, type MtlsPopHttpClientOptions } from "../../src/azure-sdk/index.js";
import { calling } from "../resource/calling.js";

/** The names of the emulated vaults are not under that of the vaults' resource. */
export const EMULATED = { disableChallengeResourceVerification: true } as const;

/** An emulator, and the clients of the Azure SDK that call its vault. */
export async function sdk(options: EmulatorOptions = {}) {
  const world = await calling(options);
  const { emulator, transport } = world;
  const { vault } = world.resources;

  function clients(over: Partial<MtlsPopHttpClientOptions> = {}, tokens: BoundTokenSource = world.application()) {
    const credential = new MtlsPopCredential({ tokens });
    const httpClient = createMtlsPopHttpClient({ credential, transport, resources: { vault }, ...over });
    const settings = { ...EMULATED, httpClient, retryOptions: { retryDelayInMs: 1, maxRetries: 2 } };
    return {
      credential,
      httpClient,
      secrets: new SecretClient(vault.baseUrl, credential, settings),
      certificates: new CertificateClient(vault.baseUrl, credential, settings),
    };
  }

  return {
    ...world,
    clients,
    /** What reached the vault. */
    vaultRequests: () => emulator.requests.filter(({ server }) => server === "key-vault"),
  };
}

export type Sdk = Awaited<ReturnType<typeof sdk>>;

/** All of them. */
export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
