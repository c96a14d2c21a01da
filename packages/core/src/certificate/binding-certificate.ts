import type { SecureContext } from "node:tls";
import type { BindingTlsOptions, SignatureAlgorithm } from "./binding-key.js";

/** Placeholder of the shape that the certificate folder's author replaces. */
export declare class BindingCertificate {
  readonly thumbprint: string;
  readonly thumbprintSha256: string;
  readonly x5tS256: string;
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly x5c: readonly string[];
  readonly signatureAlgorithm: SignatureAlgorithm;
  sign(data: Uint8Array): Promise<Uint8Array>;
  secureContext(options?: BindingTlsOptions): SecureContext;
  assertValidAt(now: Date): void;
}
