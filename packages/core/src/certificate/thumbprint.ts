import { createHash } from "node:crypto";

/** The names that a certificate goes by, all of them hashes of its DER. */
export interface Thumbprints {
  /** SHA-1 in upper-case hex, as .NET and the Azure portal show it. */
  readonly thumbprint: string;
  /** SHA-256 in upper-case hex, as `@azure/identity` hands it to `@azure/msal-node`. */
  readonly thumbprintSha256: string;
  /** SHA-256 in base64url without padding: the `x5t#S256` of a token's `cnf` and of a JWT's header. */
  readonly x5tS256: string;
}

/**
 * Computes a certificate's thumbprints.
 *
 * @param der the certificate
 * @see RFC 8705 section 3.1, RFC 7515 section 4.1.8
 */
export function thumbprintsOf(der: Uint8Array): Thumbprints {
  const sha256 = createHash("sha256").update(der).digest();
  return {
    thumbprint: createHash("sha1").update(der).digest("hex").toUpperCase(),
    thumbprintSha256: sha256.toString("hex").toUpperCase(),
    x5tS256: sha256.toString("base64url"),
  };
}
