import { X509Certificate } from "node:crypto";
import { contentKindOf } from "./content-kind.js";
import { certificateFromDer, certificatesFromPem } from "./pem.js";

/** A certificate, or several: PEM text, DER, or what `node:crypto` made of it. */
export type CertificateInput = string | Uint8Array | X509Certificate | readonly (string | Uint8Array | X509Certificate)[];

/**
 * Reads certificates in whichever form they come.
 *
 * @throws {MtlsPopError} `certificate_empty`, `certificate_malformed`, `certificate_missing`
 */
export function certificatesOf(input: CertificateInput): X509Certificate[] {
  if (input instanceof X509Certificate) return [input];
  if (typeof input === "string") return certificatesFromPem(input);
  if (!(input instanceof Uint8Array)) return input.flatMap(certificatesOf);
  return contentKindOf(Buffer.from(input)) === "der-certificate" ? [certificateFromDer(input)] : certificatesFromPem(input);
}
