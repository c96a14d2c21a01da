import { createHmac, type KeyObject, timingSafeEqual, type X509Certificate } from "node:crypto";
import { isMtlsPopError, MtlsPopError } from "../errors.js";
import { type BerElement, childrenOf, expect, integerOf, octetsOf, oidOf, readElement, TAG } from "./ber.js";
import { contentKindOf, fromBase64, textOf } from "./content-kind.js";
import type { KeyMaterial } from "./key-material.js";
import { decrypt, iterationsOf, type Password, passwordForms, unsupported, wrongPassphrase } from "./password-based-encryption.js";
import { certificateFromDer } from "./pem.js";
import { deriveByPkcs12, digestSizeOf, type Pkcs12Hash, PURPOSE } from "./pkcs12-kdf.js";
import { privateKeyFromEncryptedPkcs8, privateKeyFromPkcs8 } from "./private-key.js";

/** RFC 5652 section 4 and 8. */
const DATA = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";

/** RFC 7292 section 4.2; revocation lists and secrets are passed over. */
const BAG = {
  key: "1.2.840.113549.1.12.10.1.1",
  shroudedKey: "1.2.840.113549.1.12.10.1.2",
  certificate: "1.2.840.113549.1.12.10.1.3",
  safeContents: "1.2.840.113549.1.12.10.1.6",
} as const;
const X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";

/** RFC 7292 section 4: the hash under the file's own MAC. */
const MAC_HASHES: Readonly<Record<string, Pkcs12Hash>> = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.4": "sha224",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/**
 * Reads the certificates and private keys of a PFX.
 *
 * Not by `tls.createSecureContext({ pfx })`: that puts every issuer in the file among the roots that the connection trusts, and neither
 * the key nor the chain can be had back from it. The file's MAC is checked before anything else is read.
 *
 * @throws {MtlsPopError} `certificate_malformed`, `certificate_passphrase_missing`, `certificate_passphrase_wrong`,
 * `certificate_encryption_unsupported`
 * @see RFC 7292
 */
export async function readPfx(pfx: Uint8Array | string, passphrase?: string): Promise<KeyMaterial> {
  const bytes = bytesOf(pfx);
  try {
    return await read(bytes, passphrase);
  } catch (error) {
    if (isMtlsPopError(error)) throw error;
    throw new MtlsPopError(
      "certificate_malformed",
      `The PFX cannot be read: ${error instanceof Error ? error.message : "its structure is broken"}.`,
      {
        cause: error,
        help: "It may have been cut off, or read as text; take it from its source again.",
      },
    );
  }
}

function bytesOf(pfx: Uint8Array | string): Buffer {
  const content = Buffer.from(pfx);
  const kind = contentKindOf(content);
  if (kind === "pfx") return content;
  if (kind === "base64-pfx") return fromBase64(textOf(content)) ?? content;
  if (kind === "empty") throw new MtlsPopError("certificate_empty", "The PFX is empty.", { help: "Check where it is read from." });
  const [found, help] = {
    pem: ["PEM", "Load it with BindingCertificate.fromPem."],
    "der-certificate": ["a certificate alone", "Export it together with its private key, as PFX."],
    "base64-certificate": ["a certificate alone, in base64", "Export it together with its private key, as PFX."],
    unknown: ["something else", "It may have been cut off, or read as text."],
  }[kind];
  throw new MtlsPopError("certificate_malformed", `A PFX (PKCS#12) was expected, but this is ${found}.`, { help });
}

async function read(bytes: Buffer, passphrase: string | undefined): Promise<KeyMaterial> {
  const [version, authSafe, macData] = childrenOf(expect(readElement(bytes), TAG.sequence, "the PFX"));
  if (integerOf(version, "the version") !== 3) throw new MtlsPopError("certificate_malformed", "The PFX is not of version 3.");
  const { type, content } = contentInfoOf(authSafe);
  if (type !== DATA) throw unsupported("PFX signed with a public key", type);
  const safe = octetsOf(expectOctets(content));
  const password = passwordFor(safe, macData, passphrase);

  const bags: BerElement[] = [];
  for (const part of childrenOf(expect(readElement(safe), TAG.sequence, "the list of contents"))) {
    bags.push(...childrenOf(await safeContentsOf(part, password)));
  }
  return collect(bags, password);
}

/** The form of the passphrase that the file's MAC agrees with. A file without MAC leaves the judgement to the decryption. */
function passwordFor(safe: Buffer, macData: BerElement | undefined, passphrase: string | undefined): Password {
  const forms = passwordForms(passphrase);
  if (!macData) return forms[0];
  const [digestInfo, saltElement, iterationCount] = childrenOf(expect(macData, TAG.sequence, "the MAC"));
  const [algorithm, digest] = childrenOf(expect(digestInfo, TAG.sequence, "the MAC's digest"));
  const oid = oidOf(childrenOf(expect(algorithm, TAG.sequence, "the MAC's algorithm"))[0], "the MAC's algorithm");
  const hash = MAC_HASHES[oid];
  if (!hash) throw unsupported("MAC", oid);
  const expected = octetsOf(expectOctets(digest));
  const salt = octetsOf(expectOctets(saltElement));
  const iterations = iterationCount ? iterationsOf(iterationCount) : 1;
  const fitting = forms.find(({ bmp }) => {
    const key = deriveByPkcs12({ hash, password: bmp, salt, iterations }, PURPOSE.macKey, digestSizeOf(hash));
    const actual = createHmac(hash, key).update(safe).digest();
    return actual.length === expected.length && timingSafeEqual(actual, expected);
  });
  if (fitting) return fitting;
  if (passphrase !== undefined) throw wrongPassphrase();
  throw new MtlsPopError("certificate_passphrase_missing", "The PFX needs a passphrase, but there is none.", {
    help: "Give it as `passphrase`.",
  });
}

async function safeContentsOf(part: BerElement, password: Password): Promise<BerElement> {
  const { type, content } = contentInfoOf(part);
  if (type === DATA) return readElement(octetsOf(expectOctets(content)));
  if (type !== ENCRYPTED_DATA) throw unsupported("content type", type);
  const [, encryptedContentInfo] = childrenOf(expect(content, TAG.sequence, "the encrypted content"));
  const [, algorithm, ciphertext] = childrenOf(expect(encryptedContentInfo, TAG.sequence, "the encrypted content"));
  const encryption = expect(algorithm, TAG.sequence, "the encryption algorithm");
  // [0] IMPLICIT OCTET STRING: 0x80 in one piece, 0xa0 in several
  const octets = octetsOf(expect(ciphertext, ciphertext?.tag === TAG.explicit0 ? TAG.explicit0 : 0x80, "the ciphertext"));
  return readElement(await decrypt(encryption, octets, password));
}

async function collect(bags: readonly BerElement[], password: Password): Promise<KeyMaterial> {
  const certificates: X509Certificate[] = [];
  const privateKeys: KeyObject[] = [];
  for (const bag of bags) {
    const [identifier, wrapped] = childrenOf(expect(bag, TAG.sequence, "a bag"));
    const [value] = childrenOf(expect(wrapped, TAG.explicit0, "a bag's value"));
    const type = oidOf(identifier, "a bag's type");
    if (!value) throw unsupported("empty bag", type);
    if (type === BAG.key) privateKeys.push(privateKeyFromPkcs8(value.raw));
    else if (type === BAG.shroudedKey) privateKeys.push(await privateKeyFromEncryptedPkcs8(value.raw, password));
    else if (type === BAG.certificate) certificates.push(...certificateIn(value));
    else if (type === BAG.safeContents) throw unsupported("bag within a bag", type);
  }
  return { certificates, privateKeys };
}

function certificateIn(bag: BerElement): X509Certificate[] {
  const [identifier, wrapped] = childrenOf(expect(bag, TAG.sequence, "a certificate bag"));
  if (oidOf(identifier, "a certificate's type") !== X509_CERTIFICATE) return [];
  return [certificateFromDer(octetsOf(expectOctets(childrenOf(expect(wrapped, TAG.explicit0, "a certificate"))[0])))];
}

function contentInfoOf(element: BerElement | undefined): { type: string; content: BerElement | undefined } {
  const [type, wrapped] = childrenOf(expect(element, TAG.sequence, "a content"));
  const [content] = childrenOf(expect(wrapped, TAG.explicit0, "a content"));
  return { type: oidOf(type, "a content's type"), content };
}

/** An OCTET STRING, in one piece (0x04) or in several (0x24). */
function expectOctets(element: BerElement | undefined): BerElement {
  return expect(element, element?.tag === (TAG.octetString | 0x20) ? element.tag : TAG.octetString, "an octet string");
}
