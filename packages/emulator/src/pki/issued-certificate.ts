import { createHash, type KeyObject, X509Certificate } from "node:crypto";

/** A certificate with its private key, in the forms that clients and servers want it in. */
export interface IssuedCertificate {
  /** The leaf. */
  readonly certificatePem: string;
  /** PKCS#8, not encrypted. */
  readonly privateKeyPem: string;
  /** Leaf first, then its issuers without the root. */
  readonly chainPem: string;
  /** The leaf. */
  readonly certificateDer: Buffer;
  /** SHA-1 of the leaf's DER, upper-case hex. */
  readonly thumbprint: string;
  /** SHA-256 of the leaf's DER, upper-case hex. */
  readonly thumbprintSha256: string;
  /** SHA-256 of the leaf's DER, base64url: what a token's `cnf` holds (RFC 8705 section 3.1). */
  readonly x5tS256: string;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Puts a certificate into all its forms. */
export function issuedCertificate(leafPem: string, privateKey: KeyObject, issuersPem: readonly string[]): IssuedCertificate {
  const leaf = new X509Certificate(leafPem);
  return {
    certificatePem: leafPem,
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    chainPem: [leafPem, ...issuersPem].join(""),
    certificateDer: leaf.raw,
    thumbprint: createHash("sha1").update(leaf.raw).digest("hex").toUpperCase(),
    thumbprintSha256: createHash("sha256").update(leaf.raw).digest("hex").toUpperCase(),
    x5tS256: x5tS256(leaf.raw),
    serialNumber: leaf.serialNumber,
    notBefore: new Date(leaf.validFrom),
    notAfter: new Date(leaf.validTo),
  };
}

/** The confirmation value of a certificate (RFC 8705 section 3.1). */
export function x5tS256(certificateDer: Uint8Array): string {
  return createHash("sha256").update(certificateDer).digest("base64url");
}
