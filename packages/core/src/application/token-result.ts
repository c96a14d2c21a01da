import type { BindingCertificate } from "../certificate/binding-certificate.js";
import type { TokenResponse } from "../token/token-response.js";
import { AuthenticationResult, type AuthenticationResultMetadata } from "./authentication-result.js";
import { confirmedResult } from "./confirmed-result.js";

/** What is known of a token beside its endpoint's answer. */
export interface TokenFacts {
  /** When the answer was there, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly tenantId: string;
  /** The one that the token must be bound to; `undefined` for a token that is bound to nothing. */
  readonly bindingCertificate: BindingCertificate | undefined;
  readonly correlationId: string;
  readonly metadata: Omit<AuthenticationResultMetadata, "tokenSource">;
}

/**
 * The result of a token request. A bound token is one that names its certificate.
 *
 * @throws {MtlsPopError} `confirmation_missing`, `confirmation_mismatch`
 * @see PROTOCOL.md section 3
 */
export function tokenResult(token: TokenResponse, facts: TokenFacts): AuthenticationResult {
  const { accessToken, tokenType, expiresInSeconds, refreshInSeconds, scopes } = token;
  const { nowMs, tenantId, bindingCertificate, correlationId, metadata } = facts;
  const fields = {
    accessToken,
    tokenType,
    expiresOn: new Date(nowMs + expiresInSeconds * 1000),
    refreshOn: refreshInSeconds === undefined ? undefined : new Date(nowMs + refreshInSeconds * 1000),
    scopes,
    tenantId,
    correlationId,
    metadata: { tokenSource: "IdentityProvider" as const, ...metadata },
  };
  return bindingCertificate ? confirmedResult({ ...fields, bindingCertificate }) : new AuthenticationResult(fields);
}
