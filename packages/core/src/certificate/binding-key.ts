import type { KeyObject } from "node:crypto";
import type { SecureContext } from "node:tls";

/** JWS names of the signatures that an assertion can carry (RFC 7518 section 3.1). */
export type SignatureAlgorithm = "PS256" | "ES256" | "ES384";

/** What of TLS differs from connection to connection; everything else follows from the certificate. */
export interface BindingTlsOptions {
  /** Trusted roots in PEM, in place of Node's own. @default Node's roots */
  ca?: readonly string[] | undefined;
  /** @default "TLSv1.2" */
  minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** @default "TLSv1.3" */
  maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
}

/**
 * The private half of a binding certificate, as an ability and not as bytes, so that a key that cannot be exported fits.
 *
 * The built-in one wraps a `node:crypto` key. One that lives in hardware signs through its own driver and brings its own TLS
 * context (an OpenSSL engine or provider, set with `tls.createSecureContext({ privateKeyEngine, privateKeyIdentifier })`):
 * Node's TLS takes no other kind of key that it cannot read.
 */
export interface BindingKey {
  /** The public half; must be the one in the certificate. */
  readonly publicKey: KeyObject;
  /** Signs `data` for a JWT: ES256 and ES384 as the raw pair r‖s (RFC 7518 section 3.4), PS256 with a salt of 32 bytes. */
  sign(algorithm: SignatureAlgorithm, data: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /**
   * A TLS context that answers a server's certificate request with this key.
   *
   * @param chainPem leaf first, then its issuers, in PEM
   */
  secureContext(chainPem: string, options: BindingTlsOptions): SecureContext;
}
