import type { JWTVerifyGetKey } from "jose";
import { systemClock } from "../internal/clock.js";
import { assertConfirmed } from "./assert-confirmed.js";
import { readPopAuthorization } from "./pop-authorization.js";
import type { PopTokenOptions } from "./pop-token-options.js";
import { readPresentedCertificate } from "./presented-certificate.js";
import { localKeys, signingKeys } from "./signing-keys.js";
import { refusalOf, refusedType } from "./token-refusal.js";
import type { PopCredentials, VerifiedPopToken } from "./verified-pop-token.js";

/**
 * Does what `verifyPopToken` says, with options that have been checked.
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
  // loaded by the first request: until then a cold start does not wait for it
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
