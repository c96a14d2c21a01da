import { type AccessTokenInput, accessTokenClaims, type TokenSettings } from "../entra/access-token.js";
import type { SigningKeys } from "../entra/signing-keys.js";
import type { ManagedIdentity } from "./managed-identity.js";

/** What Bearer tokens of managed identities are made with. */
export interface IdentityTokens {
  readonly keys: SigningKeys;
  readonly settings: TokenSettings;
  readonly issuer: (tenantId: string) => string;
}

/** A Bearer token with its times, in epoch seconds. */
export interface IdentityToken {
  readonly accessToken: string;
  readonly notBefore: number;
  readonly expiresOn: number;
}

/** Mints an unbound token, whose claims are those that an application's has. */
export async function identityToken(identity: ManagedIdentity, resource: string, tokens: IdentityTokens): Promise<IdentityToken> {
  const { tenantId } = identity;
  const now = new Date();
  const { expiresInSeconds } = tokens.settings;
  const input: AccessTokenInput = {
    principal: identity,
    form: { audience: resource },
    tenantId,
    issuer: tokens.issuer(tenantId),
    confirmation: undefined,
    now,
    expiresInSeconds,
  };
  const notBefore = Math.floor(now.getTime() / 1000);
  return { accessToken: await tokens.keys.sign(accessTokenClaims(input)), notBefore, expiresOn: notBefore + expiresInSeconds };
}
