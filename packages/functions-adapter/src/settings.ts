import { MtlsPopError } from "@mtls-pop/core";
import { type NeededSetting, settingsMissing, settingsUnresolved } from "./setting-errors.js";

/** One app setting that the adapter follows. */
export interface Setting {
  readonly name: string;
  /** When it must be set. */
  readonly required: string;
  readonly description: string;
}

/** Every app setting there is. The names are those of `@azure/identity` where it has one. */
export const SETTINGS = [
  { name: "AZURE_TENANT_ID", required: "always", description: "GUID or domain name of the directory that issues the tokens" },
  { name: "AZURE_CLIENT_ID", required: "always", description: "id of the app registration that the certificate belongs to" },
  {
    name: "AZURE_CLIENT_CERTIFICATE_PATH",
    required: "unless MTLS_POP_CLIENT_CERTIFICATE is set",
    description: "PEM or PFX file with the certificate and its private key; read again when it changes",
  },
  {
    name: "MTLS_POP_CLIENT_CERTIFICATE",
    required: "unless AZURE_CLIENT_CERTIFICATE_PATH is set",
    description: "the same in base64, for example a Key Vault reference to the certificate's secret",
  },
  { name: "AZURE_CLIENT_CERTIFICATE_PASSWORD", required: "for an encrypted PEM or PFX", description: "opens the certificate" },
  {
    name: "AZURE_AUTHORITY_HOST",
    required: "outside the public cloud",
    description: "where the directory lives, such as https://login.microsoftonline.us",
  },
  {
    name: "AZURE_REGIONAL_AUTHORITY_NAME",
    required: "never",
    description: 'region of the token endpoint, such as westus3, or "auto" to find it out; without it the global endpoint',
  },
  {
    name: "MTLS_POP_KNOWN_AUTHORITIES",
    required: "for a login host in no known cloud",
    description: "such hosts, separated by commas; they are handed the client certificate",
  },
  { name: "MTLS_POP_CREDENTIAL", required: "never", description: 'what proves the app\'s identity; "certificate", which is the default' },
  {
    name: "MTLS_POP_EMULATOR_CA",
    required: "for the local emulator",
    description: "PEM file of its root; trusted for *.emulator.localhost alone, and these names are put on loopback",
  },
] as const;

/** What the settings are to core's application, which knows them as options. */
export const APPLICATION_SETTINGS: readonly NeededSetting[] = [
  { name: "AZURE_TENANT_ID", meaning: "`tenantId`" },
  { name: "AZURE_AUTHORITY_HOST", meaning: "`authority`" },
  { name: "MTLS_POP_KNOWN_AUTHORITIES", meaning: "`knownAuthorities`" },
];

/** What Functions replaces by the secret, and leaves as it is when it cannot. */
const REFERENCE_TO_SECRET = /^@Microsoft\.(?:KeyVault|AppConfiguration)\(/i;

/** Where settings are looked up; an app's are in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of an application that proves itself with a certificate. */
export interface CertificateSettings {
  readonly tenantId: string;
  readonly clientId: string;
  readonly authority?: string;
  readonly azureRegion?: string;
  readonly knownAuthorities?: readonly string[];
}

/** The value of a setting; an empty one counts as not set. */
export function setting(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

/**
 * Reads what a certificate application needs, and names everything that is missing at once.
 *
 * @param alsoNeeded settings that an app's own options refer to
 * @throws {MtlsPopError} `settings_missing`, `settings_invalid`
 */
export function readCertificateSettings(env: Environment, alsoNeeded: readonly NeededSetting[] = []): CertificateSettings {
  assertCredential(env);
  const tenantId = setting(env, "AZURE_TENANT_ID");
  const clientId = setting(env, "AZURE_CLIENT_ID");
  const certificate = setting(env, "AZURE_CLIENT_CERTIFICATE_PATH") ?? setting(env, "MTLS_POP_CLIENT_CERTIFICATE");
  if (!tenantId || !clientId || !certificate) {
    const identity: readonly string[] = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", ...(certificate ? [] : ["AZURE_CLIENT_CERTIFICATE_PATH"])];
    throw settingsMissing(missingOf(env, [...SETTINGS.filter(({ name }) => identity.includes(name)).map(needed), ...alsoNeeded]));
  }
  assertSettings(env, [...alsoNeeded, ...SETTINGS.filter(({ name }) => setting(env, name)).map(needed)]);
  const authority = setting(env, "AZURE_AUTHORITY_HOST");
  const azureRegion = setting(env, "AZURE_REGIONAL_AUTHORITY_NAME");
  const knownAuthorities = setting(env, "MTLS_POP_KNOWN_AUTHORITIES")
    ?.split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "");
  return {
    tenantId,
    clientId,
    ...(authority && { authority }),
    ...(azureRegion && { azureRegion }),
    ...(knownAuthorities && { knownAuthorities }),
  };
}

/**
 * Checks that settings are there, and are more than a reference to a secret.
 *
 * @throws {MtlsPopError} `settings_missing`, `settings_invalid`
 */
export function assertSettings(env: Environment, settings: readonly NeededSetting[]): void {
  const missing = missingOf(env, settings);
  if (missing.length > 0) throw settingsMissing(missing);
  const unresolved = settings.filter(({ name }) => REFERENCE_TO_SECRET.test(setting(env, name) ?? ""));
  if (unresolved.length > 0) throw settingsUnresolved(unresolved);
}

function missingOf(env: Environment, settings: readonly NeededSetting[]): NeededSetting[] {
  return settings.filter(({ name }) => !setting(env, name));
}

function assertCredential(env: Environment): void {
  const credential = setting(env, "MTLS_POP_CREDENTIAL") ?? "certificate";
  if (credential === "certificate") return;
  throw new MtlsPopError("settings_invalid", `The app setting MTLS_POP_CREDENTIAL is "${credential}", which is not known.`, {
    help: 'Set it to "certificate", or remove it.',
  });
}

function needed({ name, description }: Setting): NeededSetting {
  const instead = "; or MTLS_POP_CLIENT_CERTIFICATE with its content in base64";
  return { name, meaning: name === "AZURE_CLIENT_CERTIFICATE_PATH" ? `${description}${instead}` : description };
}
