import type { KeyObject } from "node:crypto";
import type { SecureContext } from "node:tls";
import { MtlsPopError } from "../errors.js";
import { describe } from "../internal/options.js";

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

/** Octets of the raw pair r‖s; DER, as most drivers write it, is longer or shorter. */
const PAIR_OCTETS: Readonly<Partial<Record<SignatureAlgorithm, number>>> = { ES256: 64, ES384: 96 };

/**
 * Checks what a key that somebody else wrote has signed, before a service refuses it with fewer words.
 *
 * @throws {MtlsPopError} `certificate_key_unsupported`
 */
export function assertSignature(algorithm: SignatureAlgorithm, signature: unknown): Uint8Array {
  const wanted = PAIR_OCTETS[algorithm];
  const isBytes = signature instanceof Uint8Array && signature.length > 0;
  if (isBytes && (wanted === undefined || signature.length === wanted)) return signature;
  const found = isBytes ? `${signature.length} octets` : describe(signature);
  throw new MtlsPopError("certificate_key_unsupported", `The BindingKey's sign() gave ${found} for ${algorithm}.`, {
    help: wanted ? `Return the raw pair r‖s, ${wanted} octets, and not DER.` : "Return the signature's octets.",
  });
}

/**
 * The same for the TLS context that it made.
 *
 * @throws {MtlsPopError} `certificate_key_unsupported`
 */
export function assertSecureContext(context: SecureContext): SecureContext {
  if (typeof context === "object" && context !== null && "context" in context) return context;
  throw new MtlsPopError("certificate_key_unsupported", `The BindingKey's secureContext() gave ${describe(context)}.`, {
    help: "Return what tls.createSecureContext made.",
  });
}
