import type { ManagedIdentityId } from "@mtls-pop/core";
import { managedIdentityOf } from "./managed-identity-setting.js";
import type { SettingContradiction } from "./setting-errors.js";
import { type Environment, type SettingName, setting } from "./settings.js";

/** Settings that say by themselves where the certificate lives; one of them at most is set. */
const PLACES = [
  "AZURE_CLIENT_CERTIFICATE_PATH",
  "MTLS_POP_CLIENT_CERTIFICATE",
  "MTLS_POP_CERTIFICATE_THUMBPRINT",
  "MTLS_POP_CERTIFICATE_SUBJECT",
  "MTLS_POP_CERTIFICATE_VAULT_URL",
] as const satisfies SettingName[];

const VAULT = ["MTLS_POP_CERTIFICATE_VAULT_URL", "MTLS_POP_CERTIFICATE_NAME"] as const satisfies SettingName[];
const VERSION = "MTLS_POP_CERTIFICATE_VERSION" satisfies SettingName;

/** Every setting that is about the certificate and nothing else. */
export const CERTIFICATE_SETTINGS: readonly string[] = [
  ...PLACES,
  ...VAULT,
  VERSION,
  "AZURE_CLIENT_CERTIFICATE_PASSWORD",
] satisfies SettingName[];

/** Where a certificate lives that is in no file and no variable. */
export type CertificatePlace =
  | { readonly kind: "app-service"; readonly choice: { readonly thumbprint: string } | { readonly subject: string } }
  | {
      readonly kind: "key-vault";
      readonly vaultUrl: string;
      readonly name: string;
      readonly version?: string;
      /** What reads the vault, where one is named. */
      readonly identity?: ManagedIdentityId;
    };

/** Whether the certificate is read from Key Vault, with the app's managed identity. */
export function isInVault(env: Environment): boolean {
  return [...VAULT, VERSION].some((name) => setting(env, name) !== undefined);
}

/** The settings that a certificate cannot be without. */
export function neededForCertificate(env: Environment): readonly string[] {
  if (isInVault(env)) return VAULT;
  return PLACES.some((name) => setting(env, name) !== undefined) ? [] : [PLACES[0]];
}

/** What is wrong with the settings when they name more than one place. */
export function placeContradiction(env: Environment): SettingContradiction | false {
  const named: string[] = PLACES.filter((name) => setting(env, name) !== undefined);
  const ofVault = VAULT.find((name) => setting(env, name) !== undefined);
  if (ofVault && !named.includes(VAULT[0])) named.push(ofVault);
  if (named.length < 2) return false;
  const all = named.length === 2 ? `Both ${named.join(" and ")}` : `${named.slice(0, -1).join(", ")} and ${named.at(-1)}`;
  return {
    found: `${all} are set, and it cannot be told which is meant.`,
    help: named.length === 2 ? "Remove one of the two." : "Remove all but one.",
  };
}

/** The place that checked settings name; `undefined` for a file or a variable. */
export function certificatePlace(env: Environment): CertificatePlace | undefined {
  const [thumbprint, subject] = [setting(env, PLACES[2]), setting(env, PLACES[3])];
  if (thumbprint !== undefined) return { kind: "app-service", choice: { thumbprint } };
  if (subject !== undefined) return { kind: "app-service", choice: { subject } };
  if (!isInVault(env)) return undefined;
  const [vaultUrl = "", name = ""] = VAULT.map((one) => setting(env, one));
  const version = setting(env, VERSION);
  const identity = managedIdentityOf(env);
  return { kind: "key-vault", vaultUrl, name, ...(version !== undefined && { version }), ...(identity && { identity }) };
}
