import type { ManagedIdentityId } from "@mtls-pop/core";
import { type CertificatePlace, certificatePlace } from "./certificate-place.js";
import { assertCredential, credentialOf } from "./credential-check.js";
import { managedIdentityOf } from "./managed-identity-setting.js";
import type { NeededSetting } from "./setting-errors.js";
import { type Environment, setting } from "./settings.js";

/** An app registration and where it lives. */
export interface ApplicationSettings {
  readonly tenantId: string;
  readonly clientId: string;
  readonly authority?: string;
  readonly azureRegion?: string;
  readonly knownAuthorities?: readonly string[];
}

/** An application that proves itself with a certificate. */
export interface CertificateSettings {
  readonly credential: "certificate";
  readonly application: ApplicationSettings;
  /** Where the certificate lives; absent for a file or a variable. */
  readonly place?: CertificatePlace;
}

/** A managed identity of the host. */
export interface ManagedIdentitySettings {
  readonly credential: "managed-identity";
  readonly identity: ManagedIdentityId;
  readonly knownAuthorities?: readonly string[];
}

/** An application that proves itself with the token of a managed identity or of another application. */
export interface FederatedSettings {
  readonly credential: "federated";
  readonly leg1: CertificateSettings | ManagedIdentitySettings;
  /** Leg 2. */
  readonly application: ApplicationSettings;
}

/** What proves the app's identity, as its settings say. */
export type CredentialSettings = CertificateSettings | ManagedIdentitySettings | FederatedSettings;

/**
 * Reads what proves the app's identity, and names everything that is missing or contradicts it at once.
 *
 * @param alsoNeeded settings that an app's own options refer to
 * @throws {MtlsPopError} `settings_missing`, `settings_invalid`
 */
export function readCredentialSettings(env: Environment, alsoNeeded: readonly NeededSetting[] = []): CredentialSettings {
  assertCredential(env, alsoNeeded);
  const leg1ClientId = setting(env, "MTLS_POP_LEG1_CLIENT_ID");
  switch (credentialOf(env)) {
    case "managed-identity":
      return readManagedIdentity(env);
    case "federated": {
      const application = readApplication(env);
      const leg1: FederatedSettings["leg1"] =
        leg1ClientId === undefined
          ? readManagedIdentity(env)
          : { ...readCertificate(env), application: { ...application, clientId: leg1ClientId } };
      return { credential: "federated", leg1, application };
    }
    default:
      return readCertificate(env);
  }
}

function readCertificate(env: Environment): CertificateSettings {
  const place = certificatePlace(env);
  return { credential: "certificate", application: readApplication(env), ...(place && { place }) };
}

function readApplication(env: Environment): ApplicationSettings {
  const authority = setting(env, "AZURE_AUTHORITY_HOST");
  const azureRegion = setting(env, "AZURE_REGIONAL_AUTHORITY_NAME");
  return {
    tenantId: setting(env, "AZURE_TENANT_ID") ?? "",
    clientId: setting(env, "AZURE_CLIENT_ID") ?? "",
    ...(authority && { authority }),
    ...(azureRegion && { azureRegion }),
    ...readKnownAuthorities(env),
  };
}

function readManagedIdentity(env: Environment): ManagedIdentitySettings {
  const identity = managedIdentityOf(env) ?? "system-assigned";
  return { credential: "managed-identity", identity, ...readKnownAuthorities(env) };
}

function readKnownAuthorities(env: Environment): Pick<ApplicationSettings, "knownAuthorities"> {
  const knownAuthorities = setting(env, "MTLS_POP_KNOWN_AUTHORITIES")
    ?.split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "");
  return knownAuthorities ? { knownAuthorities } : {};
}
