import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { isBindingKey } from "../certificate/binding-certificate-options.js";
import type { BindingKey } from "../certificate/binding-key.js";
import { exportableKey } from "../certificate/exportable-key.js";
import { describeKey } from "../certificate/key-kind.js";
import { MtlsPopError } from "../errors.js";
import { describe } from "../internal/options.js";

const generate = promisify(generateKeyPair);

/** What the metadata service certifies (PROTOCOL.md section 5). */
const MODULUS_BITS = 2048;

/** A new RSA key that this process alone holds, in memory. Made outside of the event loop, in some 240 ms. */
export async function newMemoryKey(): Promise<BindingKey> {
  const { privateKey } = await generate("rsa", { modulusLength: MODULUS_BITS });
  return exportableKey(privateKey);
}

/**
 * Checks what a `bindingKey` function returned, before a certificate is asked for it.
 *
 * @throws {MtlsPopError} `invalid_options`, `certificate_key_unsupported`
 */
export function assertRsaKey(key: unknown): BindingKey {
  if (!isBindingKey(key)) {
    throw new MtlsPopError("invalid_options", `The \`bindingKey\` function returned ${describe(key)}, which is no BindingKey.`, {
      help: "Return { publicKey, sign(), secureContext() }.",
    });
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key.publicKey;
  if (type === "rsa" && (details?.modulusLength ?? 0) >= MODULUS_BITS) return key;
  throw new MtlsPopError("certificate_key_unsupported", `The \`bindingKey\` function returned a key of ${describeKey(key.publicKey)}.`, {
    help: `The metadata service certifies RSA keys; use one of ${MODULUS_BITS} bits.`,
  });
}
