import type { KeyObject, X509Certificate } from "node:crypto";
import { MtlsPopError } from "../errors.js";
import { describeKey, publicKeyOf } from "./key-kind.js";

/** What a PEM or PFX held, in its own order. */
export interface KeyMaterial {
  readonly certificates: readonly X509Certificate[];
  readonly privateKeys: readonly KeyObject[];
}

/** A certificate with its key and, where they were given too, its issuers. */
export interface Identity {
  /** Leaf first, then each one's issuer; root included if it was given. */
  readonly chain: readonly [X509Certificate, ...X509Certificate[]];
  readonly privateKey: KeyObject;
}

/**
 * Finds the leaf, which is the certificate that a key fits, and puts its issuers in order. Where keys fit several certificates, the
 * first one that is valid now is taken.
 *
 * @throws {MtlsPopError} `certificate_missing`, `certificate_private_key_missing`, `certificate_key_mismatch`
 */
export function identityOf({ certificates, privateKeys }: KeyMaterial, now: number): Identity {
  if (certificates.length === 0) throw missingCertificate(privateKeys.length);
  if (privateKeys.length === 0) throw missingPrivateKey(certificates);
  const fitting = certificates.flatMap((leaf) => {
    const privateKey = privateKeys.find((key) => leaf.checkPrivateKey(key));
    return privateKey ? [{ leaf, privateKey }] : [];
  });
  const chosen = fitting.find(({ leaf }) => isValidAt(leaf, now)) ?? fitting[0];
  if (!chosen) throw mismatch(certificates, privateKeys.map(describeKey));
  return { chain: chainFrom(chosen.leaf, certificates), privateKey: chosen.privateKey };
}

/** Orders certificates by who issued whom; those that issued nothing in the leaf's chain are left out. */
export function chainFrom(
  leaf: X509Certificate,
  certificates: readonly X509Certificate[],
): readonly [X509Certificate, ...X509Certificate[]] {
  const chain: [X509Certificate, ...X509Certificate[]] = [leaf];
  const seen = new Set([leaf.fingerprint256]);
  for (let last = leaf; !isIssuedBy(last, last); ) {
    const issuer = certificates.find((candidate) => !seen.has(candidate.fingerprint256) && isIssuedBy(last, candidate));
    if (!issuer) break;
    chain.push(issuer);
    seen.add(issuer.fingerprint256);
    last = issuer;
  }
  return chain;
}

/** The error for a key that fits none of the certificates. */
export function mismatch(certificates: readonly X509Certificate[], keys: readonly string[]): MtlsPopError {
  const subjects = certificates.map((certificate) => `"${subjectOf(certificate)}" (${describeKey(publicKeyOf(certificate))})`);
  return new MtlsPopError(
    "certificate_key_mismatch",
    `The private key (${keys.join(", ")}) does not belong to ${subjects.length === 1 ? "the certificate" : "any of the certificates"} ${subjects.join(", ")}.`,
    { help: "Take key and certificate from the same request; a renewed certificate often comes with a new key." },
  );
}

/** A subject or issuer in one line, most specific part first, as .NET and RFC 4514 write it. */
export function subjectOf(certificate: X509Certificate, part: "subject" | "issuer" = "subject"): string {
  // an empty name is `undefined` here, whatever the types say
  const lines: string | undefined = certificate[part];
  return lines?.trimEnd().split("\n").reverse().join(", ") ?? "";
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // a key that OpenSSL cannot read has issued nothing that it could check
    return false;
  }
}

function isValidAt(certificate: X509Certificate, now: number): boolean {
  return Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
}

function missingCertificate(keys: number): MtlsPopError {
  return new MtlsPopError(
    "certificate_missing",
    `There is ${keys > 0 ? "a private key" : "neither a key nor a certificate"}, but no certificate.`,
    {
      help: "Give the certificate that was issued for the key, and its intermediates.",
    },
  );
}

function missingPrivateKey(certificates: readonly X509Certificate[]): MtlsPopError {
  const subject = certificates[0] ? ` of "${subjectOf(certificates[0])}"` : "";
  return new MtlsPopError("certificate_private_key_missing", `There is the certificate${subject}, but no private key.`, {
    help: "A certificate alone proves nothing: give its key too, or export a PFX with the private key included.",
  });
}
