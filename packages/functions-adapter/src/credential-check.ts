import { CERTIFICATE_SETTINGS, isInVault, neededForCertificate, placeContradiction } from "./certificate-place.js";
import { assertSettings, type NeededSetting, type SettingContradiction } from "./setting-errors.js";
import { type Environment, IDENTITY_SETTINGS, SETTINGS, type SettingName, setting } from "./settings.js";

/** What may prove an app's identity; the first is the default. */
const CREDENTIALS = ["certificate", "managed-identity", "federated"] as const;

const LEG1 = "MTLS_POP_LEG1_CLIENT_ID" satisfies SettingName;
const PATH = "AZURE_CLIENT_CERTIFICATE_PATH" satisfies SettingName;
/** Where the certificate may be in the place of a file. */
const INSTEAD =
  "; or MTLS_POP_CLIENT_CERTIFICATE with its content in base64, MTLS_POP_CERTIFICATE_VAULT_URL for Key Vault, " +
  "MTLS_POP_CERTIFICATE_THUMBPRINT or MTLS_POP_CERTIFICATE_SUBJECT for App Service";

/** What proves the app's identity; `undefined` for a word that nobody knows. */
export function credentialOf(env: Environment): (typeof CREDENTIALS)[number] | undefined {
  const wanted = setting(env, "MTLS_POP_CREDENTIAL") ?? CREDENTIALS[0];
  return CREDENTIALS.find((known) => known === wanted);
}

/**
 * Checks that the settings of the credential are there and that none contradicts it, all at once.
 *
 * Only settings of this toolkit's own can contradict: those of `@azure/identity` may be there for others.
 *
 * @param alsoNeeded settings that an app's own options refer to
 * @throws {MtlsPopError} `settings_missing`, `settings_invalid`
 */
export function assertCredential(env: Environment, alsoNeeded: readonly NeededSetting[]): void {
  const credential = credentialOf(env);
  const leg1 = setting(env, LEG1);
  const usesCertificate = credential === "certificate" || (credential === "federated" && leg1 !== undefined);
  const needed = new Set<string>();
  if (credential === "certificate" || credential === "federated") needed.add("AZURE_TENANT_ID").add("AZURE_CLIENT_ID");
  if (usesCertificate) for (const name of neededForCertificate(env)) needed.add(name);
  const isOfNoUse = (name: string): boolean => !usesCertificate && CERTIFICATE_SETTINGS.includes(name);
  const followed = SETTINGS.filter(({ name }) => needed.has(name) || (setting(env, name) && !isOfNoUse(name)));
  assertSettings(env, [...followed.map(described), ...alsoNeeded], contradictions(env, usesCertificate));
}

function contradictions(env: Environment, usesCertificate: boolean): SettingContradiction[] {
  const credential = credentialOf(env);
  const said = setting(env, "MTLS_POP_CREDENTIAL");
  const isUnset = 'MTLS_POP_CREDENTIAL is not, which means "certificate"';
  const chosen = said === undefined ? isUnset : `MTLS_POP_CREDENTIAL is "${said}"`;
  const identities = IDENTITY_SETTINGS.filter((name) => setting(env, name));
  // an identity that reads the certificate's vault is not the one that the tokens are for
  const hasIdentity = identities.length > 0 && !(usesCertificate && isInVault(env));
  const named = identities.join(", ");
  const hasLeg1 = setting(env, LEG1) !== undefined;
  const all: readonly (SettingContradiction | false)[] = [
    credential === undefined && {
      found: `The app setting MTLS_POP_CREDENTIAL is "${said}", which is not known.`,
      help: `Set MTLS_POP_CREDENTIAL to one of ${CREDENTIALS.map((one) => `"${one}"`).join(", ")}.`,
    },
    identities.length > 1 && {
      found: `App settings name the managed identity more than once: ${named}.`,
      help: "Keep one of these.",
    },
    hasIdentity &&
      credential === "certificate" && {
        found: `Of the app settings, ${named} is set, but ${chosen}.`,
        help: `Set MTLS_POP_CREDENTIAL to "managed-identity" or "federated", or remove ${named}.`,
      },
    hasLeg1 &&
      (credential === "certificate" || credential === "managed-identity") && {
        found: `Of the app settings, ${LEG1} is set, but ${chosen}.`,
        help: `Set MTLS_POP_CREDENTIAL to "federated", or remove ${LEG1}.`,
      },
    hasLeg1 &&
      hasIdentity &&
      credential === "federated" && {
        found: `Of the app settings, ${LEG1} and ${named} both say what leg 1 is.`,
        help: `Remove ${LEG1} for a managed identity, or ${named} for an application with a certificate.`,
      },
    usesCertificate && placeContradiction(env),
  ];
  return all.filter((one) => one !== false);
}

function described({ name, description }: { readonly name: string; readonly description: string }): NeededSetting {
  return { name, meaning: name === PATH ? `${description}${INSTEAD}` : description };
}
