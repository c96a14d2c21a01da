import { X509Certificate } from "node:crypto";
import type { CertificateAuthority } from "../pki/certificate-authority.js";
import { EntraError } from "./aadsts.js";
import type { Application } from "./application-registry.js";

/** Who knows whether a certificate came from the emulator's authority, whether for a managed identity, and whether it was revoked. */
export type CertificateStandings = Pick<CertificateAuthority, "standing" | "issuedIdentity">;

/** Reads a certificate that a client has sent; `undefined` when it is none. */
export function parseCertificate(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/**
 * Checks that a certificate may stand for an application: registered as it is or, by subject name and issuer, the
 * successor of one that is.
 *
 * @throws {EntraError} 700027; 7000214 for a revoked one
 */
export function assertRegistered(application: Application, certificate: X509Certificate, authority: CertificateStandings): void {
  const standing = authority.standing(certificate.raw);
  const succeeds = (registered: X509Certificate): boolean =>
    application.trust === "subject-name-issuer" &&
    registered.subject === certificate.subject &&
    registered.issuer === certificate.issuer &&
    (standing !== "unknown-issuer" || certificate.verify(registered.publicKey));
  if (!application.certificates.some((registered) => registered.raw.equals(certificate.raw) || succeeds(registered))) {
    throw notRegistered(`The key was not found., Thumbprint of key used by client: '${certificate.fingerprint.replaceAll(":", "")}'`);
  }
  if (standing === "revoked") throw new EntraError(7000214);
}

/** The refusal of a certificate that the application does not have. */
export function notRegistered(reason: string): EntraError {
  return new EntraError(700027, {
    sentence: "The certificate with identifier used to sign the client assertion is not registered on application.",
    reason,
  });
}

/**
 * Checks that a certificate is within its time.
 *
 * @param expired the number for one that is past it, which differs between TLS and assertion
 * @throws {EntraError} `expired`, or 1000502 for one whose time has not come
 */
export function assertInTime(certificate: X509Certificate, now: Date, expired: 392204 | 1000502): void {
  if (now < new Date(certificate.validFrom)) throw new EntraError(1000502);
  if (now > new Date(certificate.validTo)) throw new EntraError(expired);
}
