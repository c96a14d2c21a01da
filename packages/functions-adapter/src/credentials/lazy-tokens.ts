import type { Credential, SettingsTokens } from "./credential.js";

/** A credential's tokens, where the credential is looked for when one is asked for. */
export function lazyTokens(credential: () => Credential): SettingsTokens {
  return {
    acquireBoundToken: async (request) => credential().acquireBoundToken(request),
    acquireBearerToken: async (request) => credential().acquireBearerToken(request),
    acquireLeg1Token: async (request) => credential().acquireLeg1Token(request),
    bindingCertificate: () => credential().bindingCertificate(),
  };
}
