import { randomUUID } from "node:crypto";
import type { Emulator } from "../emulator.js";
import type { ManagedIdentity } from "../managed-identity/managed-identity.js";
import { assertKnownOptions } from "../options/known-options.js";
import type { LocalAppEnvironment, LocalAppOptions } from "./local-app.js";
import { openPrivateFiles, type PrivateFiles } from "./private-files.js";

/** What an app with a managed identity is to find on the emulator. */
export interface LocalIdentityAppOptions extends LocalAppOptions {
  /** `managed-identity`: the app is the identity. `federated`: the identity is leg 1, and leg 2 an application that is registered for it. */
  credential: "managed-identity" | "federated";
  /** The machine's own identity, or one that is attached to it for this app. @default "system-assigned" */
  identity?: "system-assigned" | "user-assigned";
}

const CREDENTIALS: readonly string[] = ["managed-identity", "federated"];
const IDENTITIES: readonly string[] = ["system-assigned", "user-assigned"];
const OPTIONS = ["credential", "identity", "directory", "secrets"] as const satisfies (keyof LocalIdentityAppOptions)[];

/** The app settings of an app with a managed identity; those of the application are for `federated` alone. */
export interface LocalIdentityAppEnvironment
  extends Pick<LocalAppEnvironment, "MTLS_POP_KNOWN_AUTHORITIES" | "MTLS_POP_EMULATOR_CA" | "KEY_VAULT_URL">,
    Partial<Pick<LocalAppEnvironment, "AZURE_TENANT_ID" | "AZURE_CLIENT_ID" | "AZURE_AUTHORITY_HOST">> {
  readonly MTLS_POP_CREDENTIAL: "managed-identity" | "federated";
  /** Of a user-assigned identity. */
  readonly MTLS_POP_MANAGED_IDENTITY_CLIENT_ID?: string;
  /** Origin of the metadata service. */
  readonly AZURE_POD_IDENTITY_AUTHORITY_HOST: string;
}

/** A managed identity with everything that an app needs to be it, or to be the application behind it. */
export interface LocalIdentityApp extends AsyncDisposable {
  readonly environment: LocalIdentityAppEnvironment;
  readonly identity: ManagedIdentity;
  /** Forgets the application, detaches a user-assigned identity and removes the files, and the folder when it is a temporary one. Safe to call again. */
  dispose(): Promise<void>;
}

/**
 * Tells the app settings of an app that has a managed identity, and writes the emulator's root into a file of mode 0600; no key and no
 * certificate is needed, since the metadata service issues one.
 *
 * @throws {TypeError} for an unknown option or a secret that no vault would take
 * @example
 * ```ts
 * await using app = await prepareLocalIdentityApp(emulator, { credential: "federated", secrets: { "my-secret": "s3cret" } });
 * await using host = await startFunctionsHost({ appRoot: ".", env: { ...app.environment } });
 * ```
 */
export async function prepareLocalIdentityApp(emulator: Emulator, options: LocalIdentityAppOptions): Promise<LocalIdentityApp> {
  assertKnownOptions("prepareLocalIdentityApp", options, OPTIONS);
  const { credential, identity: kind = "system-assigned", directory, secrets = {} } = options;
  assertOneOf("credential", credential, CREDENTIALS);
  assertOneOf("identity", kind, IDENTITIES);
  for (const [name, secret] of Object.entries(secrets)) emulator.keyVault.secrets.set(name, secret);
  const files = await openPrivateFiles(directory);
  const { managedIdentities } = emulator;
  const identity = kind === "user-assigned" ? managedIdentities.register() : managedIdentities.systemAssigned;
  const clientId = randomUUID();
  const dispose = async (): Promise<void> => {
    emulator.applications.remove(clientId);
    if (kind === "user-assigned") managedIdentities.remove(identity.clientId);
    await files.remove();
  };
  try {
    const shared = {
      ...(await sharedEnvironment(emulator, files, credential)),
      ...(kind === "user-assigned" && { MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: identity.clientId }),
    };
    if (credential === "managed-identity") return { environment: shared, identity, dispose, [Symbol.asyncDispose]: dispose };
    emulator.applications.register({ clientId, federatedSubjects: [identity.objectId] });
    const environment = {
      ...shared,
      AZURE_TENANT_ID: emulator.tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_AUTHORITY_HOST: new URL(emulator.authority).origin,
    };
    return { environment, identity, dispose, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function assertOneOf(option: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new TypeError(`prepareLocalIdentityApp: \`${option}\` is ${known.join(" or ")}, not ${JSON.stringify(value)}.`);
}

async function sharedEnvironment(
  { ca, authority, instanceMetadata, keyVault }: Emulator,
  files: PrivateFiles,
  credential: LocalIdentityAppOptions["credential"],
): Promise<LocalIdentityAppEnvironment> {
  return {
    MTLS_POP_CREDENTIAL: credential,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: instanceMetadata.url,
    MTLS_POP_KNOWN_AUTHORITIES: new URL(authority).host,
    MTLS_POP_EMULATOR_CA: await files.write("mtls-pop-emulator-ca.pem", ca),
    KEY_VAULT_URL: keyVault.url,
  };
}
