import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);

/** The keys that a certificate can be issued for. */
export type KeyType = "RSA-2048" | "RSA-3072" | "RSA-4096" | "EC-P256" | "EC-P384";

/**
 * Makes a private key.
 *
 * An EC key takes under a millisecond, RSA 2048 a quarter of a second, RSA 4096 several.
 */
export async function generatePrivateKey(keyType: KeyType): Promise<KeyObject> {
  switch (keyType) {
    case "RSA-2048":
      return (await generate("rsa", { modulusLength: 2048 })).privateKey;
    case "RSA-3072":
      return (await generate("rsa", { modulusLength: 3072 })).privateKey;
    case "RSA-4096":
      return (await generate("rsa", { modulusLength: 4096 })).privateKey;
    case "EC-P256":
      return (await generate("ec", { namedCurve: "P-256" })).privateKey;
    case "EC-P384":
      return (await generate("ec", { namedCurve: "P-384" })).privateKey;
  }
}
