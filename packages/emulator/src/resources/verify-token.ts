import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { confirmationOf } from "../entra/confirmation.js";
import { x5tS256 } from "../pki/issued-certificate.js";

/** Whose tokens a resource takes. */
export interface TokenTrust {
  /** Finds the key of a token, such as one of jose's `createLocalJWKSet`. */
  readonly keys: JWTVerifyGetKey;
  /** What `iss` may be. */
  readonly issuer: string | string[];
}

/** What is wrong with a token. */
export type TokenFlaw = "malformed" | "signature" | "issuer" | "audience" | "expired" | "not-yet-valid" | "unconfirmed" | "certificate";

/** A token that a resource does not take. */
export class TokenRefusal extends Error {
  override readonly name = "TokenRefusal";
  readonly flaw: TokenFlaw;
  /** The claims, where the signature held. */
  readonly claims: JWTPayload | undefined;

  constructor(flaw: TokenFlaw, message: string, claims?: JWTPayload) {
    super(message);
    this.flaw = flaw;
    this.claims = claims;
  }
}

/** A token that was taken. */
export interface VerifiedToken {
  /** Client id: `azp`, in older tokens `appid`. */
  readonly clientId: string;
  readonly claims: JWTPayload;
}

/**
 * Checks signature, issuer, times and audience.
 *
 * @throws {TokenRefusal}
 */
export async function verifyToken(token: string, trust: TokenTrust, audience: string): Promise<VerifiedToken> {
  const claims = await verifySignature(token, trust);
  const audiences = [claims.aud ?? []].flat();
  if (!audiences.includes(audience)) {
    throw new TokenRefusal("audience", `The token is for ${audiences.join(", ") || "nobody"}, not for ${audience}.`, claims);
  }
  const clientId = claims["azp"] ?? claims["appid"];
  return { clientId: typeof clientId === "string" ? clientId : "", claims };
}

/**
 * Checks that a token is bound to the certificate of the connection that it came over.
 *
 * @param certificate DER
 * @throws {TokenRefusal} `unconfirmed` without a `cnf`, `certificate` when it names another one
 * @see RFC 8705 section 3.1
 */
export function assertConfirmed({ claims }: VerifiedToken, certificate: Uint8Array): void {
  const confirmation = confirmationOf(claims);
  if (confirmation === undefined) throw new TokenRefusal("unconfirmed", "The token is bound to no certificate.", claims);
  const shown = x5tS256(certificate);
  if (confirmation !== shown) {
    throw new TokenRefusal("certificate", `The token is bound to ${confirmation}, the connection showed ${shown}.`, claims);
  }
}

async function verifySignature(token: string, { keys, issuer }: TokenTrust): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, { issuer, requiredClaims: ["exp", "aud"] })).payload;
  } catch (error) {
    throw error instanceof errors.JOSEError ? refusalOf(error) : error;
  }
}

function refusalOf(error: errors.JOSEError): TokenRefusal {
  if (error instanceof errors.JWTExpired) return new TokenRefusal("expired", "The token is past its time.", error.payload);
  if (error instanceof errors.JWTClaimValidationFailed) {
    const flaw = error.claim === "iss" ? "issuer" : error.claim === "nbf" ? "not-yet-valid" : "malformed";
    return new TokenRefusal(flaw, error.message, error.payload);
  }
  const unsigned = error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey;
  return new TokenRefusal(unsigned ? "signature" : "malformed", error.message);
}
