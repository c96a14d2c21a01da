import { randomUUID } from "node:crypto";
import { startEmulator } from "@mtls-pop/emulator";
import type { AuthenticationResult } from "../../src/application/authentication-result.js";
import type { BindingKey } from "../../src/certificate/binding-key.js";
import { ImdsClient } from "../../src/managed-identity/imds-request.js";
import { ImdsV2, type ImdsV2Options, type ImdsV2TokenRequest } from "../../src/managed-identity/imds-v2.js";
import { Identity, type ManagedIdentityId } from "../../src/managed-identity/managed-identity-id.js";
import { newMemoryKey } from "../../src/managed-identity/memory-key.js";
import { Transport } from "../../src/transport/transport-options.js";
import { TestClock } from "../emulated.js";

/** A key for tests that are not about keys: making one takes long. */
export const sharedKey: BindingKey = await newMemoryKey();

const DAY_MS = 24 * 60 * 60 * 1000;
export const HALF_LIFE_MS = 3.5 * DAY_MS;

/** Options of {@link ImdsV2}, with the identity as a user names it. */
type Over = Partial<Omit<ImdsV2Options, "identity">> & { identity?: ManagedIdentityId; metadataUrl?: string };

/** An emulated virtual machine with managed identities. */
export async function startMachine() {
  const emulator = await startEmulator();
  const transport = new Transport({ ca: emulator.ca, lookup: emulator.lookup });
  const { host } = new URL(emulator.authority);

  return {
    emulator,
    transport,
    host,
    /** The identity by the second version of the metadata service, on a clock of its own. */
    imdsV2({ identity = "system-assigned", metadataUrl = emulator.instanceMetadata.url, ...over }: Over = {}) {
      const clock = new TestClock();
      const imds = new ImdsClient({ transport, clock, env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadataUrl } });
      const options = { bindingKey: () => sharedKey, knownAuthorities: [host], transport, clock, ...over };
      return { clock, imdsV2: new ImdsV2({ imds, identity: new Identity(identity), ...options }) };
    },
    /** What reached a path of the metadata service. */
    calls: (call: "getplatformmetadata" | "issuecredential" | "compute") =>
      emulator.requests.filter(({ server, path }) => server === "instance-metadata" && path.endsWith(`/${call}`)),
    tokenRequests: () => emulator.requests.filter(({ server }) => server === "token"),
    attestations: () => emulator.requests.filter(({ server }) => server === "attestation"),
    /** Before each test: what others have left. */
    reset() {
      emulator.forgetRequests();
      emulator.managedIdentities.attestation = "optional";
      emulator.managedIdentities.imdsVersion = 2;
      emulator.instanceMetadata.serverHeader = "IMDS/150.870.65.1854";
      emulator.instanceMetadata.vmssId = "";
    },
    close: () => emulator.close(),
  };
}

/** A token, asked for as an application does, but for the cache. */
export function acquire(imdsV2: ImdsV2, over: Partial<ImdsV2TokenRequest> = {}): Promise<AuthenticationResult> {
  const { signal } = new AbortController();
  const request = { resource: "https://vault.azure.net", bound: true, claims: undefined, certificateMs: 0, signal };
  return imdsV2.withCredential(
    (credential) => imdsV2.acquire({ credential, correlationId: randomUUID(), ...request, ...over }),
    over.signal,
  );
}

/** Resolves when it is told to. */
export function gate(): { open: () => void; opened: Promise<void> } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}
