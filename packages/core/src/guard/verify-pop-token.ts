import { plainCopy } from "../internal/options.js";
import { assertPopTokenOptions, type PopTokenOptions } from "./pop-token-options.js";
import type { PopCredentials, VerifiedPopToken } from "./verified-pop-token.js";
import { verifyCredentials } from "./verify-credentials.js";

/**
 * Checks the proof that a request to an API of one's own brings: a token of this issuer for this audience, in force, signed with a key
 * of the issuer's, and bound to the certificate that came with it. It says who calls; what the caller may do is the API's to decide, by
 * `claims["roles"]` or `clientId`.
 *
 * @throws {MtlsPopError} `authorization_missing`, `authorization_malformed`, `authorization_scheme_refused`, `client_certificate_missing`,
 * `client_certificate_malformed`, `token_malformed`, `token_algorithm_refused`, `token_key_unknown`, `token_signature_invalid`,
 * `token_issuer_refused`, `token_audience_refused`, `token_expired`, `token_not_yet_valid`, `token_confirmation_missing`,
 * `token_confirmation_mismatch`: the caller's fault, for which `popChallenge` has the answer; `signing_keys_unavailable`, `invalid_options`:
 * this side's
 * @example
 * ```ts
 * import { verifyPopToken } from "@mtls-pop/core/guard";
 *
 * const options = {
 *   issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
 *   audience: "api://orders",
 *   jwks: `https://login.microsoftonline.com/${tenantId}/discovery/v2.0/keys`,
 * };
 *
 * // in AWS Lambda it is API Gateway that ends TLS, and says which certificate it was shown
 * async function callerOf(authorization: string, clientCertPem: string) {
 *   const { clientId, claims } = await verifyPopToken({ authorization, certificate: clientCertPem }, options);
 *   return { clientId, roles: claims["roles"] };
 * }
 * ```
 * @see RFC 8705 section 3
 */
export async function verifyPopToken(credentials: PopCredentials, options: PopTokenOptions): Promise<VerifiedPopToken> {
  const given = plainCopy("verifyPopToken", options);
  assertPopTokenOptions("verifyPopToken", given);
  return verifyCredentials(credentials, given, "`certificate`");
}
