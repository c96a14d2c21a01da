import { randomUUID } from "node:crypto";
import type { Emulator } from "../emulator.js";
import { assertKnownOptions } from "../options/known-options.js";
import type { IssuedCertificate } from "../pki/issued-certificate.js";
import type { SecretInput } from "../resources/secret-store.js";
import { openPrivateFiles, type PrivateFiles } from "./private-files.js";

/** What an app on the emulator is to find. */
export interface LocalAppOptions {
  /** Where the emulator's root and the app's certificate with its key are written. @default a new temporary folder */
  directory?: string;
  /** Secrets to put into the vault. @default none */
  secrets?: Readonly<Record<string, string | SecretInput>>;
}

const OPTIONS = ["directory", "secrets"] as const satisfies (keyof LocalAppOptions)[];

/** The app settings of a Functions app that runs on the emulator. */
export interface LocalAppEnvironment {
  readonly AZURE_TENANT_ID: string;
  readonly AZURE_CLIENT_ID: string;
  /** PEM: certificate, then private key. */
  readonly AZURE_CLIENT_CERTIFICATE_PATH: string;
  /** Origin of the login host. */
  readonly AZURE_AUTHORITY_HOST: string;
  readonly MTLS_POP_KNOWN_AUTHORITIES: string;
  /** PEM of the emulator's root. */
  readonly MTLS_POP_EMULATOR_CA: string;
  readonly KEY_VAULT_URL: string;
}

/** A registered application with everything that a Functions app needs to be it. */
export interface LocalApp extends AsyncDisposable {
  readonly environment: LocalAppEnvironment;
  readonly clientId: string;
  readonly certificate: IssuedCertificate;
  /** Forgets the application and removes the files, and the folder when it is a temporary one. Safe to call again. */
  dispose(): Promise<void>;
}

/**
 * Registers an application with a new certificate, writes what it needs into files of mode 0600 and tells the app settings.
 *
 * @throws {TypeError} for an unknown option or a secret that no vault would take
 * @example
 * ```ts
 * await using app = await prepareLocalApp(emulator, { secrets: { "my-secret": "s3cret" } });
 * await using host = await startFunctionsHost({ appRoot: ".", env: { ...app.environment } });
 * ```
 */
export async function prepareLocalApp(emulator: Emulator, options: LocalAppOptions = {}): Promise<LocalApp> {
  assertKnownOptions("prepareLocalApp", options, OPTIONS);
  for (const [name, secret] of Object.entries(options.secrets ?? {})) emulator.keyVault.secrets.set(name, secret);
  const files = await openPrivateFiles(options.directory);
  const clientId = randomUUID();
  const dispose = async (): Promise<void> => {
    emulator.applications.remove(clientId);
    await files.remove();
  };
  try {
    const certificate = await emulator.issueCertificate({ subject: `CN=${clientId}` });
    emulator.applications.register({ clientId, certificate: certificate.certificatePem });
    const environment = await writeEnvironment(emulator, files, clientId, certificate);
    return { environment, clientId, certificate, dispose, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function writeEnvironment(
  { ca, tenantId, authority, keyVault }: Emulator,
  files: PrivateFiles,
  clientId: string,
  { chainPem, privateKeyPem }: IssuedCertificate,
): Promise<LocalAppEnvironment> {
  const { origin, host } = new URL(authority);
  return {
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_CERTIFICATE_PATH: await files.write("mtls-pop-emulator-application.pem", chainPem + privateKeyPem),
    AZURE_AUTHORITY_HOST: origin,
    MTLS_POP_KNOWN_AUTHORITIES: host,
    MTLS_POP_EMULATOR_CA: await files.write("mtls-pop-emulator-ca.pem", ca),
    KEY_VAULT_URL: keyVault.url,
  };
}
