import { isMtlsPopError, MtlsPopError, type MtlsPopErrorCode } from "../errors.js";

/** What tokens had to be. */
interface Expected {
  readonly issuer: readonly string[];
  readonly audience: readonly string[];
  readonly algorithms: readonly string[];
}

/** As much of a claim as an error quotes, in characters. */
const MAX_SHOWN = 200;

/** What jose's codes mean, but for those of claims. */
const MEANINGS: Readonly<Record<string, readonly [MtlsPopErrorCode, string]>> = {
  ERR_JWKS_NO_MATCHING_KEY: ["token_key_unknown", "The token is signed with a key that its issuer does not show."],
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: ["token_key_unknown", "The token does not say which of its issuer's keys it is signed with (kid)."],
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: ["token_signature_invalid", "The token's signature is not that of its issuer's key."],
  ERR_JWT_EXPIRED: ["token_expired", "The token is past its time (exp)."],
};

/** The claims that a look at the token's content failed at; any other leaves it malformed. */
const CLAIMS: Readonly<Record<string, MtlsPopErrorCode>> = {
  iss: "token_issuer_refused",
  aud: "token_audience_refused",
  nbf: "token_not_yet_valid",
};

/** Says in this toolkit's words what jose found, in code and message; its own error is the cause. */
export function refusalOf(error: unknown, { issuer, audience, algorithms }: Expected): MtlsPopError {
  const { code, claim, payload }: Record<string, unknown> = isObject(error) ? { ...error, code: Reflect.get(error, "code") } : {};
  if (isMtlsPopError(error)) return error;
  if (typeof code !== "string" || !code.startsWith("ERR_J")) {
    return refusal("signing_keys_unavailable", "The issuer's key for this token cannot be used.", error, "Check what `jwks` leads to.");
  }
  if (code === "ERR_JOSE_ALG_NOT_ALLOWED") {
    const message = `The token is signed with another algorithm than ${algorithms.join(", ")}.`;
    return refusal("token_algorithm_refused", message, error, "A token without a signature, or with one by a shared secret, is nobody's.");
  }
  const [known, meaning] = MEANINGS[code] ?? [];
  if (known && meaning) return refusal(known, meaning, error);
  const name = typeof claim === "string" ? claim : "";
  const refused = CLAIMS[name];
  const found = isObject(payload) ? payload[name] : undefined;
  if (!refused || found === undefined) {
    return refusal(
      "token_malformed",
      `The token is no JWT with the claims iss, aud and exp${name ? `: ${name} is missing or malformed` : ""}.`,
      error,
    );
  }
  if (refused === "token_not_yet_valid") return refusal(refused, "The token's time has not come (nbf).", error, "Compare the clocks.");
  const expected = refused === "token_issuer_refused" ? issuer : audience;
  const message = `The token has the ${name} ${JSON.stringify(found).slice(0, MAX_SHOWN)}, expected was ${expected.join(" or ")}.`;
  return refusal(refused, message, error);
}

/** Kinds of JWT that are access tokens: Entra's and RFC 9068's. */
const TYPES: readonly string[] = ["jwt", "at+jwt", "application/at+jwt"];

/** The refusal of a JWT that says of itself that it is something else, such as a logout token. */
export function refusedType(typ: string | undefined): MtlsPopError | undefined {
  if (typ === undefined || TYPES.includes(typ.toLowerCase())) return undefined;
  return new MtlsPopError("token_malformed", `The token is a ${JSON.stringify(typ.slice(0, MAX_SHOWN))} (typ), no access token.`);
}

function refusal(code: MtlsPopErrorCode, message: string, cause: unknown, help?: string): MtlsPopError {
  return new MtlsPopError(code, message, { cause, help });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
