import { createDecipheriv, pbkdf2, type ScryptOptions, scrypt } from "node:crypto";
import { promisify } from "node:util";
import { MtlsPopError } from "../errors.js";
import { type BerElement, childrenOf, expect, integerOf, octetsOf, oidOf, TAG } from "./ber.js";
import { deriveByPkcs12, PURPOSE } from "./pkcs12-kdf.js";
import { decryptRc2Cbc } from "./rc2.js";

/** RFC 8018 section 6.2. */
const PBES2 = "1.2.840.113549.1.5.13";
const PBKDF2 = "1.2.840.113549.1.5.12";
/** RFC 7914 section 7. */
const SCRYPT = "1.3.6.1.4.1.11591.4.11";

/** What PBKDF2 uses where the file names nothing: HMAC-SHA-1. */
const DEFAULT_PRF = "1.2.840.113549.2.7";
/** RFC 8018 appendix B.1. */
const PRFS: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.7": "sha1",
  "1.2.840.113549.2.8": "sha224",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
};

/** RFC 8018 appendix B.2, RFC 3565 section 4.1. */
const PBES2_CIPHERS: Readonly<Record<string, { cipher: string; keyOctets: number }>> = {
  "1.2.840.113549.3.7": { cipher: "des-ede3-cbc", keyOctets: 24 },
  "2.16.840.1.101.3.4.1.2": { cipher: "aes-128-cbc", keyOctets: 16 },
  "2.16.840.1.101.3.4.1.22": { cipher: "aes-192-cbc", keyOctets: 24 },
  "2.16.840.1.101.3.4.1.42": { cipher: "aes-256-cbc", keyOctets: 32 },
};

/** RFC 7292 appendix C, all with SHA-1 and an initialization vector of 8 octets. */
const PKCS12_CIPHERS: Readonly<Record<string, { cipher: string; keyOctets: number }>> = {
  "1.2.840.113549.1.12.1.3": { cipher: "des-ede3-cbc", keyOctets: 24 },
  "1.2.840.113549.1.12.1.4": { cipher: "des-ede-cbc", keyOctets: 16 },
  "1.2.840.113549.1.12.1.5": { cipher: "rc2-cbc", keyOctets: 16 },
  "1.2.840.113549.1.12.1.6": { cipher: "rc2-cbc", keyOctets: 5 },
};

/** About a second of work; more is a damaged file or one made to stall its reader. */
const MAX_ITERATIONS = 1_000_000;

const pbkdf2Async = promisify(pbkdf2);
const scryptAsync = promisify<Buffer, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** A passphrase in the two forms that the schemes take. */
export interface Password {
  readonly utf8: Buffer;
  /** UTF-16, big-endian, with terminator (RFC 7292 appendix B.1). */
  readonly bmp: Buffer;
}

/**
 * The forms that a passphrase may have been used in. Without one, and with an empty one, there are two: some writers take an empty
 * string, others no octets at all.
 */
export function passwordForms(passphrase: string | undefined): readonly [Password, ...Password[]] {
  const utf8 = Buffer.from(passphrase ?? "", "utf8");
  const bmp = Buffer.from(`${passphrase ?? ""}\0`, "utf16le").swap16();
  const form = { utf8, bmp };
  return passphrase ? [form] : [form, { utf8, bmp: Buffer.alloc(0) }];
}

/**
 * Decrypts what a PFX or an encrypted PKCS#8 key holds.
 *
 * @param algorithm the AlgorithmIdentifier
 * @throws {MtlsPopError} `certificate_passphrase_wrong`, `certificate_encryption_unsupported`
 * @throws {MalformedBer}
 */
export async function decrypt(algorithm: BerElement, ciphertext: Buffer, password: Password): Promise<Buffer> {
  const [identifier, parameters] = childrenOf(expect(algorithm, TAG.sequence, "the encryption algorithm"));
  const scheme = oidOf(identifier, "the encryption algorithm");
  const fields = childrenOf(expect(parameters, TAG.sequence, "the encryption's parameters"));
  return scheme === PBES2 ? decryptPbes2(fields, ciphertext, password) : decryptPkcs12(scheme, fields, ciphertext, password);
}

async function decryptPbes2(fields: readonly BerElement[], ciphertext: Buffer, { utf8 }: Password): Promise<Buffer> {
  const [cipherIdentifier, iv] = childrenOf(expect(fields[1], TAG.sequence, "the cipher"));
  const oid = oidOf(cipherIdentifier, "the cipher");
  const chosen = PBES2_CIPHERS[oid];
  if (!chosen) throw unsupported("cipher", oid);
  const key = await deriveByPbes2(expect(fields[0], TAG.sequence, "the key derivation"), utf8, chosen.keyOctets);
  return decryptCbc(chosen.cipher, key, octetsOf(expect(iv, TAG.octetString, "the initialization vector")), ciphertext);
}

async function deriveByPbes2(derivation: BerElement, password: Buffer, keyOctets: number): Promise<Buffer> {
  const [identifier, parameters] = childrenOf(derivation);
  const oid = oidOf(identifier, "the key derivation");
  const [saltElement, ...rest] = childrenOf(expect(parameters, TAG.sequence, "the key derivation's parameters"));
  const salt = octetsOf(expect(saltElement, TAG.octetString, "the salt"));
  if (oid === SCRYPT) {
    const [cost, blockSize, parallelization] = [0, 1, 2].map((index) => integerOf(rest[index], "a scrypt parameter"));
    // node:crypto refuses what needs more than 32 MiB, and with it what takes long
    return scryptAsync(password, salt, keyOctets, { cost, blockSize, parallelization });
  }
  if (oid !== PBKDF2) throw unsupported("key derivation", oid);
  const prf = rest.find(({ tag }) => tag === TAG.sequence);
  const prfOid = prf ? oidOf(childrenOf(prf)[0], "the pseudo-random function") : DEFAULT_PRF;
  const digest = PRFS[prfOid];
  if (!digest) throw unsupported("pseudo-random function", prfOid);
  return pbkdf2Async(password, salt, iterationsOf(rest[0]), keyOctets, digest);
}

async function decryptPkcs12(scheme: string, fields: readonly BerElement[], ciphertext: Buffer, { bmp }: Password): Promise<Buffer> {
  const chosen = PKCS12_CIPHERS[scheme];
  if (!chosen) throw unsupported("encryption", scheme);
  const salt = octetsOf(expect(fields[0], TAG.octetString, "the salt"));
  const input = { hash: "sha1", password: bmp, salt, iterations: iterationsOf(fields[1]) } as const;
  const key = deriveByPkcs12(input, PURPOSE.encryptionKey, chosen.keyOctets);
  const iv = deriveByPkcs12(input, PURPOSE.initializationVector, 8);
  return decryptCbc(chosen.cipher, key, iv, ciphertext);
}

async function decryptCbc(cipher: string, key: Buffer, iv: Buffer, ciphertext: Buffer): Promise<Buffer> {
  if (cipher === "rc2-cbc") {
    const plaintext = await decryptRc2Cbc(key, iv, ciphertext);
    if (!plaintext) throw wrongPassphrase();
    return plaintext;
  }
  const decipher = createDecipheriv(cipher, key, iv);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch (cause) {
    throw wrongPassphrase(cause);
  }
}

/** An iteration count within bounds. */
export function iterationsOf(element: BerElement | undefined): number {
  const iterations = integerOf(element, "the iteration count");
  if (iterations < 1 || iterations > MAX_ITERATIONS) {
    throw new MtlsPopError(
      "certificate_encryption_unsupported",
      `The passphrase is hashed ${iterations} times; 1 to ${MAX_ITERATIONS} are supported.`,
    );
  }
  return iterations;
}

/** The error for a passphrase that does not open what it should. */
export function wrongPassphrase(cause?: unknown): MtlsPopError {
  return new MtlsPopError("certificate_passphrase_wrong", "The passphrase does not open the private key or PFX.", {
    cause,
    help: "Check the passphrase, also for a line end or quotes that came along with it.",
  });
}

/** The error for an algorithm that is named by its object identifier alone. */
export function unsupported(what: string, oid: string): MtlsPopError {
  return new MtlsPopError("certificate_encryption_unsupported", `The ${what} ${oid} is not supported.`, {
    help: "Export the certificate again with AES-256, such as `openssl pkcs12 -export` of OpenSSL 3 does.",
  });
}
