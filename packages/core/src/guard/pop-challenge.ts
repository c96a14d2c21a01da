import { isMtlsPopError, type MtlsPopErrorCode } from "../errors.js";
import { BOUND_TO_ANOTHER } from "../internal/confirmation-mismatch.js";
import { assertOptions, type OptionRule } from "../internal/options.js";

/** Options of `popChallenge`. */
export interface PopChallengeOptions {
  /** The part of the API that the challenge is for, in printable ASCII. @default none */
  realm?: string;
}

/** The schemes that an API of bound tokens takes. */
const SCHEMES = ["pop", "mtls_pop"] as const;

/** What a caller is told, in fixed words: nothing of the token, of what was expected or of other callers. */
const DESCRIPTIONS: Readonly<Partial<Record<MtlsPopErrorCode, string>>> = {
  // RFC 6750 section 3.1: to a request without usable credentials the schemes are named, and no error
  authorization_missing: "",
  authorization_scheme_refused: "",
  authorization_malformed: "The Authorization header does not hold exactly one JWT.",
  client_certificate_missing: "No client certificate came with the request.",
  client_certificate_malformed: "The client certificate cannot be read.",
  token_malformed: "The token is no access token in the form of a JWT.",
  token_algorithm_refused: "The token's signature algorithm is not taken.",
  token_key_unknown: "The token's signing key is not known.",
  token_signature_invalid: "The token's signature is not valid.",
  token_issuer_refused: "The token is of another issuer.",
  token_audience_refused: "The token is for another audience.",
  token_expired: "The token has expired.",
  token_not_yet_valid: "The token is not valid yet.",
  token_confirmation_missing: "The token is not bound to a certificate.",
  token_confirmation_mismatch: BOUND_TO_ANOTHER,
};

const RULES: Readonly<Record<keyof PopChallengeOptions, OptionRule>> = {
  realm: { expected: "printable ASCII without quotes and backslashes", test: (value) => /^[ !#-[\]-~]+$/.test(String(value)) },
};

/**
 * The `WWW-Authenticate` header for the answer 401 to a request that `verifyPopToken` or `verifyPopRequest` refused: which schemes are
 * taken and, where there were credentials, what is wrong with them.
 *
 * @param error what was thrown
 * @returns nothing for what is not the caller's fault, such as `signing_keys_unavailable`: a 401 would be wrong there
 * @throws {MtlsPopError} `invalid_options`
 * @example
 * ```ts
 * import { popChallenge } from "@mtls-pop/core/guard";
 *
 * function statusOf(error: unknown): number {
 *   const challenge = popChallenge(error, { realm: "orders" });
 *   if (challenge !== undefined) console.log(`www-authenticate: ${challenge}`);
 *   return challenge === undefined ? 503 : 401;
 * }
 * ```
 * @see RFC 9110 section 11.6.1, RFC 6750 section 3
 */
export function popChallenge(error: unknown, options: PopChallengeOptions = {}): string | undefined {
  assertOptions("popChallenge", options, RULES);
  const description = isMtlsPopError(error) ? DESCRIPTIONS[error.code] : undefined;
  if (description === undefined) return undefined;
  const { realm } = options;
  const parameters = [
    ...(realm === undefined ? [] : [`realm="${realm}"`]),
    ...(description === "" ? [] : ['error="invalid_token"', `error_description="${description}"`]),
  ].join(", ");
  return SCHEMES.map((scheme) => (parameters === "" ? scheme : `${scheme} ${parameters}`)).join(", ");
}
