import type { X509Certificate } from "node:crypto";
import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload, type ProtectedHeaderParameters } from "jose";
import { x5tS256 } from "../pki/issued-certificate.js";
import { EntraError } from "./aadsts.js";
import type { Application } from "./application-registry.js";
import { assertInTime, assertRegistered, type CertificateStandings, notRegistered, parseCertificate } from "./certificate-trust.js";

/** Entra tells clocks apart by five minutes at most. */
const CLOCK_SKEW_SECONDS = 300;
const ALGORITHMS = ["PS256", "RS256", "ES256", "ES384"];

/** What an assertion is checked against. */
export interface ClientAssertionContext {
  readonly application: Application;
  /** The token endpoint as the client addressed it. */
  readonly tokenEndpoint: string;
  readonly authority: CertificateStandings;
  readonly now: Date;
}

/**
 * Checks a JWT that an application signed with its certificate (RFC 7523 section 3, Entra's certificate credentials). A `jti` may come
 * again: Entra remembers none, and msal-node sends one assertion as long as it lives.
 *
 * @returns the certificate whose key signed the assertion
 * @throws {EntraError} 50027, 700021, 700023, 700024, 700027, 1000502
 */
export async function verifyClientAssertion(
  jwt: string,
  { application, tokenEndpoint, authority, now }: ClientAssertionContext,
): Promise<X509Certificate> {
  const { header, claims } = decode(jwt);
  const certificate = signerOf(header, application);
  assertRegistered(application, certificate, authority);
  assertInTime(certificate, now, 1000502);
  await compactVerify(jwt, certificate.publicKey, { algorithms: ALGORITHMS }).catch(() => {
    throw invalidSignature("The provided signature value did not match the expected signature value.");
  });
  if (claims.iss !== application.clientId || claims.sub !== application.clientId) throw new EntraError(700021);
  if (claims.aud !== tokenEndpoint) throw new EntraError(700023, { expected: tokenEndpoint, actual: String(claims.aud) });
  assertLifetime(claims, now);
  if (typeof claims.jti !== "string" || claims.jti === "") throw new EntraError(50027, { detail: "It has no 'jti' claim." });
  return certificate;
}

function assertLifetime({ nbf, exp }: JWTPayload, now: Date): void {
  const seconds = now.getTime() / 1000;
  if (exp === undefined || exp + CLOCK_SKEW_SECONDS < seconds || (nbf ?? 0) - CLOCK_SKEW_SECONDS > seconds) {
    throw new EntraError(700024, { now: now.toISOString(), notBefore: isoOf(nbf), expires: isoOf(exp) });
  }
}

/** The refusal of an assertion whose signature does not hold. */
export function invalidSignature(reason: string): EntraError {
  return new EntraError(700027, { sentence: "Client assertion contains an invalid signature.", reason });
}

/**
 * Reads an assertion without trusting it.
 *
 * @throws {EntraError} 50027
 */
export function decode(jwt: string): { header: ProtectedHeaderParameters; claims: JWTPayload } {
  try {
    return { header: decodeProtectedHeader(jwt), claims: decodeJwt(jwt) };
  } catch {
    throw new EntraError(50027, { detail: "It is not a JWT." });
  }
}

/** By `x5c`, whose leaf `x5t#S256` has to name; without it by thumbprint among the registered certificates. */
function signerOf(header: ProtectedHeaderParameters, application: Application): X509Certificate {
  if (header.typ !== "JWT") throw new EntraError(50027, { detail: "The 'typ' of its header is not 'JWT'." });
  const sha256: unknown = header["x5t#S256"];
  const sha1: unknown = header.x5t;
  const named = (certificate: X509Certificate): boolean =>
    sha256 === undefined
      ? sha1 === Buffer.from(certificate.fingerprint.replaceAll(":", ""), "hex").toString("base64url")
      : sha256 === x5tS256(certificate.raw);
  if (header.x5c === undefined) {
    const registered = application.certificates.find(named);
    if (registered) return registered;
    throw notRegistered("The key was not found.");
  }
  // MSAL.NET writes a lone leaf as a string; RFC 7515 section 4.1.6 has an array
  const x5c: unknown = header.x5c;
  const [leaf]: readonly unknown[] = Array.isArray(x5c) ? x5c : [x5c];
  const certificate = typeof leaf === "string" ? parseCertificate(Buffer.from(leaf, "base64")) : undefined;
  if (!certificate) throw new EntraError(50027, { detail: "The 'x5c' of its header holds no certificate." });
  if (!named(certificate)) throw invalidSignature("The thumbprint in the header is not the one of the certificate in 'x5c'.");
  return certificate;
}

function isoOf(seconds: number | undefined): string {
  return seconds === undefined ? "(none)" : new Date(seconds * 1000).toISOString();
}
