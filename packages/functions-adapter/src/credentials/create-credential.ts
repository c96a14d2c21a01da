import type { CredentialSettings } from "../credential-settings.js";
import { certificateCredential } from "./certificate.js";
import type { Credential, CredentialMeans } from "./credential.js";
import { federatedCredential } from "./federated.js";
import { managedIdentityCredential } from "./managed-identity.js";

/**
 * Makes the credential that settings describe. It asks nobody for anything.
 *
 * @throws {MtlsPopError} what core says of an authority or an identity, with the names of the settings
 */
export function createCredential(settings: CredentialSettings, means: CredentialMeans): Credential {
  switch (settings.credential) {
    case "certificate":
      return certificateCredential(settings, means);
    case "managed-identity":
      return managedIdentityCredential(settings, means);
    case "federated":
      return federatedCredential(settings, means);
  }
}
