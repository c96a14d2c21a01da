import { constants, createPublicKey, type KeyObject, sign } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { promisify } from "node:util";
import { MtlsPopError } from "../errors.js";
import type { BindingKey, BindingTlsOptions, SignatureAlgorithm } from "./binding-key.js";

/** RFC 7518 sections 3.4 and 3.5. */
const SIGNATURES = {
  PS256: { hash: "sha256", padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  ES256: { hash: "sha256", dsaEncoding: "ieee-p1363" },
  ES384: { hash: "sha384", dsaEncoding: "ieee-p1363" },
} as const satisfies Record<SignatureAlgorithm, object>;

const signAsync = promisify<string, Uint8Array, Parameters<typeof sign>[2], Buffer>(sign);

/**
 * A {@link BindingKey} of a key that `node:crypto` holds. The key stays in this function's closure, where no inspection reaches it.
 *
 * @param privateKey of type `"private"`
 */
export function exportableKey(privateKey: KeyObject): BindingKey {
  return {
    publicKey: createPublicKey(privateKey),
    sign(algorithm: SignatureAlgorithm, data: Uint8Array): Promise<Uint8Array> {
      const { hash, ...parameters } = SIGNATURES[algorithm];
      return signAsync(hash, data, { key: privateKey, ...parameters });
    },
    secureContext(chainPem: string, { ca, minVersion = "TLSv1.2", maxVersion = "TLSv1.3" }: BindingTlsOptions): SecureContext {
      const key = privateKey.export({ type: "pkcs8", format: "pem" });
      try {
        return createSecureContext({ key, cert: chainPem, minVersion, maxVersion, ...(ca && { ca: [...ca] }) });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new MtlsPopError("certificate_key_unsupported", `OpenSSL does not take the certificate for TLS: ${reason}.`, {
          cause,
          help: "A key that is too short or a signature with SHA-1 is below its security level; have the certificate issued anew.",
        });
      }
    },
  };
}
