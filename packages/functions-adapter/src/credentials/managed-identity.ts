import { ManagedIdentityApplication, MtlsPopError } from "@mtls-pop/core";
import type { ManagedIdentitySettings } from "../credential-settings.js";
import { namingSettings } from "../setting-errors.js";
import { IDENTITY_SETTINGS, setting } from "../settings.js";
import type { Credential, CredentialMeans } from "./credential.js";

/** The managed identity that the settings name, the system-assigned one when they name none. */
export function managedIdentityApplication(
  { identity, knownAuthorities }: ManagedIdentitySettings,
  { env, logger, transport }: CredentialMeans,
): ManagedIdentityApplication {
  const options = { identity, env, logger, ...(knownAuthorities && { knownAuthorities }), ...(transport && { transport }) };
  const named = IDENTITY_SETTINGS.filter((name) => setting(env, name)).map((name) => ({ name, meaning: "`identity`" }));
  const known = { name: "MTLS_POP_KNOWN_AUTHORITIES", meaning: "`knownAuthorities`" };
  return namingSettings([...named, known], () => new ManagedIdentityApplication(options));
}

/**
 * Tokens of a managed identity: bound ones on a virtual machine with IMDSv2, Bearer ones on App Service and Functions too. Its certificate
 * is issued with the first bound token, so there is nothing to load before.
 */
export function managedIdentityCredential(settings: ManagedIdentitySettings, means: CredentialMeans): Credential {
  const application = managedIdentityApplication(settings, means);
  return {
    acquireBoundToken: (request) => application.acquireBoundToken(request),
    acquireBearerToken: async ({ scopes, ...request }) => application.acquireToken({ ...request, resource: onlyResource(scopes) }),
    acquireLeg1Token: async () => undefined,
    bindingCertificate: () => application.bindingCertificate(),
    load: async () => undefined,
  };
}

/** A managed identity's endpoints are asked for a resource, and for one at a time. */
function onlyResource(scopes: readonly string[]): string {
  const [resource, ...more] = scopes;
  if (resource !== undefined && more.length === 0) return resource;
  throw new MtlsPopError("invalid_options", '`scopes` must name one resource, such as ["https://vault.azure.net/.default"].');
}
