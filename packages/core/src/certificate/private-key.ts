import { createPrivateKey, type KeyObject } from "node:crypto";
import { MtlsPopError } from "../errors.js";
import { childrenOf, expect, MalformedBer, octetsOf, readElement, TAG } from "./ber.js";
import { decrypt, type Password, passwordForms, wrongPassphrase } from "./password-based-encryption.js";
import type { PemBlock } from "./pem-block.js";

/** PEM labels of private keys that can be read. */
export const PRIVATE_KEY_LABELS: ReadonlySet<string> = new Set([
  "PRIVATE KEY",
  "ENCRYPTED PRIVATE KEY",
  "RSA PRIVATE KEY",
  "EC PRIVATE KEY",
]);

/**
 * Reads one private key of a PEM.
 *
 * @throws {MtlsPopError} `certificate_passphrase_missing`, `certificate_passphrase_wrong`, `certificate_encryption_unsupported`,
 * `certificate_malformed`
 */
export async function privateKeyFromPem({ label, encryptedByHeader, der, text }: PemBlock, passphrase?: string): Promise<KeyObject> {
  const encrypted = encryptedByHeader || label === "ENCRYPTED PRIVATE KEY";
  if (encrypted && passphrase === undefined) {
    throw new MtlsPopError("certificate_passphrase_missing", `The ${label} block is encrypted, but there is no passphrase.`, {
      help: "Give it as `passphrase`.",
    });
  }
  // OpenSSL derives the key of these older blocks by a single hash, so a crafted one cannot stall it
  if (encryptedByHeader) return importKey({ key: text, passphrase: passphrase ?? "" }, wrongPassphrase);
  if (encrypted) return privateKeyFromEncryptedPkcs8(der, passwordForms(passphrase)[0]);
  const type = label === "RSA PRIVATE KEY" ? "pkcs1" : label === "EC PRIVATE KEY" ? "sec1" : "pkcs8";
  return importKey({ key: der, format: "der", type }, (cause) => malformedKey(`The ${label} block holds no key that can be read.`, cause));
}

/** Reads an EncryptedPrivateKeyInfo (RFC 5958 section 3), as it stands in a PEM and in a PFX. */
export async function privateKeyFromEncryptedPkcs8(der: Buffer, password: Password): Promise<KeyObject> {
  try {
    const [algorithm, ciphertext] = childrenOf(expect(readElement(der), TAG.sequence, "the encrypted key"));
    const octets = octetsOf(expect(ciphertext, TAG.octetString, "the encrypted key's content"));
    const pkcs8 = await decrypt(expect(algorithm, TAG.sequence, "the encryption algorithm"), octets, password);
    // one wrong passphrase in 256 leaves padding that looks right, and noise in place of a key
    return importKey({ key: pkcs8, format: "der", type: "pkcs8" }, wrongPassphrase);
  } catch (error) {
    if (error instanceof MalformedBer) throw malformedKey(`The encrypted private key cannot be read: ${error.message}.`, error);
    throw error;
  }
}

/** Reads a PrivateKeyInfo. */
export function privateKeyFromPkcs8(der: Buffer): KeyObject {
  return importKey({ key: der, format: "der", type: "pkcs8" }, (cause) => malformedKey("The private key cannot be read.", cause));
}

function importKey(input: Parameters<typeof createPrivateKey>[0], refusal: (cause: unknown) => MtlsPopError): KeyObject {
  try {
    return createPrivateKey(input);
  } catch (cause) {
    throw refusal(cause);
  }
}

function malformedKey(message: string, cause: unknown): MtlsPopError {
  return new MtlsPopError("certificate_malformed", message, { cause, help: "Export the key again; it may have been cut off." });
}
