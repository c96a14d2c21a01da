import type { X509Certificate } from "node:crypto";
import type { JWTVerifyGetKey } from "jose";
import { systemClock } from "../internal/clock.js";
import { plainCopy } from "../internal/options.js";
import type { AuthorizationScheme } from "../resource/authorization-scheme.js";
import { assertConfirmed } from "./assert-confirmed.js";
import { readPopAuthorization } from "./pop-authorization.js";
import { assertPopTokenOptions, type PopTokenOptions } from "./pop-token-options.js";
import { type PresentedCertificate, readPresentedCertificate } from "./presented-certificate.js";
import { localKeys, signingKeys } from "./signing-keys.js";
import { refusalOf, refusedType } from "./token-refusal.js";

/** What a request brings as its proof. */
export interface PopCredentials {
  /** The `Authorization` header, as it came. */
  authorization: string | null | undefined;
  /**
   * The certificate whose key the caller has proved to have, in the TLS handshake: an `X509Certificate`, DER, or what a proxy that ended
   * TLS forwards. Never what a caller could have written itself: a certificate is public.
   */
  certificate: PresentedCertificate | null | undefined;
  /** Ends the wait for the issuer's keys. */
  signal?: AbortSignal | undefined;
}

/** The claims of a token that was taken; `iss`, `aud`, `exp` and `cnf` have been checked, of the others that they are the issuer's. */
export interface PopTokenClaims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  /** Seconds since the epoch. */
  readonly exp: number;
  /** SHA-256 of the caller's certificate in base64url. */
  readonly cnf: { readonly "x5t#S256": string };
  readonly [name: string]: unknown;
}

/** A caller that has shown a token and the certificate that it is bound to. */
export interface VerifiedPopToken {
  readonly claims: PopTokenClaims;
  /** Who the token was issued to: `azp`, in Entra's older tokens `appid`, elsewhere `client_id` (RFC 9068). */
  readonly clientId: string | undefined;
  /** The caller's. Its dates and its issuer are not checked: the authority that bound the token to it has done that. */
  readonly certificate: X509Certificate;
  /** How the token was announced. */
  readonly scheme: AuthorizationScheme;
}

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

/**
 * The same with options that have been checked.
 *
 * @param source where the certificate was looked for, for the errors
 */
export async function verifyCredentials(
  { authorization, certificate: presented, signal }: PopCredentials,
  options: PopTokenOptions,
  source: string,
): Promise<VerifiedPopToken> {
  const { scheme, token } = readPopAuthorization(authorization);
  const certificate = readPresentedCertificate(presented, source);
  const { clock = systemClock, clockToleranceSeconds = 60, algorithms = ["RS256"] } = options;
  const issuer = [options.issuer].flat();
  const audience = [options.audience].flat();
  const { jwtVerify } = await import("jose/jwt/verify");
  const keys = await keysOf(options, signal);
  const rules = { issuer, audience, algorithms: [...algorithms], clockTolerance: clockToleranceSeconds, requiredClaims: ["exp"] };
  const { payload, protectedHeader } = await jwtVerify(token, keys, { ...rules, currentDate: new Date(clock.now()) }).catch((error) => {
    signal?.throwIfAborted();
    throw refusalOf(error, { issuer, audience, algorithms });
  });
  const flaw = refusedType(protectedHeader.typ);
  if (flaw) throw flaw;
  const cnf = assertConfirmed(payload["cnf"], certificate);
  const { iss = "", aud = [], exp = 0 } = payload;
  const clientId = [payload["azp"], payload["appid"], payload["client_id"]].find((value) => typeof value === "string");
  return { claims: { ...payload, iss, aud, exp, cnf }, clientId, certificate, scheme };
}

async function keysOf(
  { jwks, transport, clock = systemClock, jwksTimeoutMs = 5_000 }: PopTokenOptions,
  signal: AbortSignal | undefined,
): Promise<JWTVerifyGetKey> {
  if (typeof jwks !== "string" && !(jwks instanceof URL)) return localKeys(jwks);
  return signingKeys(new URL(jwks), transport).lookup({ clock, timeoutMs: jwksTimeoutMs, signal });
}
