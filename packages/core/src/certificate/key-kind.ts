import type { KeyObject, X509Certificate } from "node:crypto";
import { MtlsPopError } from "../errors.js";
import type { SignatureAlgorithm } from "./binding-key.js";

/** TLS servers and Entra refuse shorter ones; so do .NET and OpenSSL at their usual security levels. */
const MIN_RSA_BITS = 2048;

/** Node's names of the curves, beside those of the standards. */
const CURVES: Readonly<Record<string, { name: string; algorithm?: SignatureAlgorithm }>> = {
  prime256v1: { name: "P-256", algorithm: "ES256" },
  secp384r1: { name: "P-384", algorithm: "ES384" },
  secp521r1: { name: "P-521" },
};

/** A key in words, such as `RSA 2048` or `EC P-256`. */
export function describeKey({ asymmetricKeyType, asymmetricKeyDetails: details }: KeyObject): string {
  if (asymmetricKeyType === "rsa") return `RSA ${details?.modulusLength}`;
  if (asymmetricKeyType === "ec") return `EC ${CURVES[details?.namedCurve ?? ""]?.name ?? details?.namedCurve}`;
  return String(asymmetricKeyType);
}

/**
 * The signature that a certificate's key makes.
 *
 * @throws {MtlsPopError} `certificate_key_unsupported`
 */
export function signatureAlgorithmOf(certificate: X509Certificate): SignatureAlgorithm {
  const key = publicKeyOf(certificate);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "rsa" && (details?.modulusLength ?? 0) >= MIN_RSA_BITS) return "PS256";
  const algorithm = type === "ec" ? CURVES[details?.namedCurve ?? ""]?.algorithm : undefined;
  if (!algorithm) throw unsupportedKey(`is ${describeKey(key)}`);
  return algorithm;
}

/** A certificate's public key, when OpenSSL knows its kind. */
export function publicKeyOf(certificate: X509Certificate): KeyObject {
  try {
    return certificate.publicKey;
  } catch (cause) {
    throw unsupportedKey("is of a kind that OpenSSL cannot read", cause);
  }
}

function unsupportedKey(found: string, cause?: unknown): MtlsPopError {
  return new MtlsPopError("certificate_key_unsupported", `The certificate's key ${found}.`, {
    cause,
    help: `Use RSA with ${MIN_RSA_BITS} bits or more, EC P-256 or EC P-384.`,
  });
}
