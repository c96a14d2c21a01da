import { type KeyObject, X509Certificate } from "node:crypto";
import { MtlsPopError } from "../errors.js";
import { contentKindOf, textOf } from "./content-kind.js";
import type { KeyMaterial } from "./key-material.js";
import { type PemBlock, pemBlocks } from "./pem-block.js";
import { PRIVATE_KEY_LABELS, privateKeyFromPem } from "./private-key.js";

const CERTIFICATE_LABELS: ReadonlySet<string> = new Set(["CERTIFICATE", "X509 CERTIFICATE"]);

/** PEM text, or a file's bytes. */
export type PemInput = string | Uint8Array;

/** What {@link readPem} takes beside the PEM. */
export interface ReadPemOptions {
  readonly key?: PemInput | undefined;
  readonly passphrase?: string | undefined;
}

/**
 * Reads certificates and private keys, from one PEM or from one for each. Where `key` is given, keys beside the certificates do not count.
 *
 * @throws {MtlsPopError} `certificate_empty`, `certificate_malformed`, `certificate_private_key_missing` and those of encrypted keys
 */
export async function readPem(pem: PemInput, { key, passphrase }: ReadPemOptions): Promise<KeyMaterial> {
  const blocks = blocksOf(pem, "certificate");
  const certificates = certificatesIn(blocks);
  const keyBlocks = key === undefined ? blocks : blocksOf(key, "key");
  const privateKeys = await privateKeysIn(keyBlocks, certificates, passphrase);
  if (privateKeys.length === 0 && certificates.length > 0) throw noPrivateKey(keyBlocks);
  return { certificates, privateKeys };
}

/** Reads the certificates of a PEM and nothing else. */
export function certificatesFromPem(pem: PemInput): X509Certificate[] {
  return certificatesIn(blocksOf(pem, "certificate"));
}

function certificatesIn(blocks: readonly PemBlock[]): X509Certificate[] {
  return blocks.filter(({ label }) => CERTIFICATE_LABELS.has(label)).map(({ der }) => certificateFromDer(der));
}

/** Reads one certificate. */
export function certificateFromDer(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new MtlsPopError("certificate_malformed", "A certificate holds no X.509 structure that can be read.", {
      cause,
      help: "It may have been cut off or changed on its way; take it from its source again.",
    });
  }
}

/** A key that cannot be read is in nobody's way while another one fits. */
async function privateKeysIn(
  blocks: readonly PemBlock[],
  certificates: readonly X509Certificate[],
  passphrase?: string,
): Promise<KeyObject[]> {
  const privateKeys: KeyObject[] = [];
  const failures: unknown[] = [];
  for (const block of blocks.filter(({ label }) => PRIVATE_KEY_LABELS.has(label))) {
    try {
      privateKeys.push(await privateKeyFromPem(block, passphrase));
    } catch (error) {
      failures.push(error);
    }
  }
  const fits = certificates.some((certificate) => privateKeys.some((key) => certificate.checkPrivateKey(key)));
  if (failures.length > 0 && !fits) throw failures[0];
  return privateKeys;
}

function blocksOf(pem: PemInput, what: "certificate" | "key"): PemBlock[] {
  const content = typeof pem === "string" ? Buffer.from(pem) : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength);
  const kind = contentKindOf(content);
  if (kind === "empty") throw new MtlsPopError("certificate_empty", `The ${what} PEM is empty.`, { help: "Check where it is read from." });
  if (kind !== "pem") throw notPem(kind, what);
  return pemBlocks(textOf(content));
}

function notPem(kind: Exclude<ReturnType<typeof contentKindOf>, "empty" | "pem">, what: string): MtlsPopError {
  const [found, help] = {
    pfx: ["a PFX (PKCS#12)", "Load it with BindingCertificate.fromPfx."],
    "base64-pfx": ["a PFX (PKCS#12) in base64", "Load it with BindingCertificate.fromPfx."],
    "der-certificate": ["a certificate in DER", "Turn it into PEM: openssl x509 -inform der -in file.cer."],
    "base64-certificate": [
      "base64 without PEM armour",
      "Put it between the lines -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----.",
    ],
    unknown: ["neither PEM nor DER", "Expected text with lines such as -----BEGIN CERTIFICATE-----."],
  }[kind];
  return new MtlsPopError("certificate_malformed", `The ${what} was to be PEM, but is ${found}.`, { help });
}

function noPrivateKey(blocks: readonly PemBlock[]): MtlsPopError {
  const labels = [...new Set(blocks.map(({ label }) => label))];
  const isPublic = labels.some((label) => label.endsWith("PUBLIC KEY"));
  const found = isPublic ? "a public key" : labels.length > 0 ? `only ${labels.join(", ")}` : "no PEM block";
  return new MtlsPopError("certificate_private_key_missing", `There is a certificate, but no private key with it: found ${found}.`, {
    help: "Give the PEM that holds -----BEGIN PRIVATE KEY-----, in the same text or as `key`.",
  });
}
