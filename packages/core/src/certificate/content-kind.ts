import { X509Certificate } from "node:crypto";

/** What a certificate file's bytes look like; a guess that is good enough to name the right door. */
export type ContentKind = "empty" | "pem" | "pfx" | "der-certificate" | "base64-pfx" | "base64-certificate" | "unknown";

/** A SEQUENCE that begins with version 3 and another SEQUENCE: a PFX (RFC 7292 section 4), also one that is cut off. */
const PFX_START = /^30(?:[0-7].|80|81..|82.{4}|83.{6}|84.{8})02010330/;

/** Looks at the first bytes, without reading the whole. */
export function contentKindOf(content: Buffer): ContentKind {
  const text = textOf(content);
  if (text.trim() === "") return "empty";
  if (text.includes("-----BEGIN ")) return "pem";
  const der = derKindOf(content);
  if (der) return der;
  const decoded = fromBase64(text);
  if (!decoded) return "unknown";
  const kind = derKindOf(decoded);
  return kind ? (kind === "pfx" ? "base64-pfx" : "base64-certificate") : "unknown";
}

/** Text as it was saved, also by a Windows editor that writes UTF-16. */
export function textOf(content: Buffer): string {
  return content.toString(content[0] === 0xff && content[1] === 0xfe ? "utf16le" : "utf8");
}

/** Decodes base64, with or without line breaks; `undefined` when it is something else. */
export function fromBase64(text: string): Buffer | undefined {
  const joined = text.replaceAll(/\s/g, "");
  return /^[A-Za-z0-9+/]+={0,2}$/.test(joined) ? Buffer.from(joined, "base64") : undefined;
}

function derKindOf(bytes: Buffer): "pfx" | "der-certificate" | undefined {
  if (bytes[0] !== 0x30) return undefined;
  if (PFX_START.test(bytes.toString("hex", 0, 16))) return "pfx";
  try {
    new X509Certificate(bytes);
    return "der-certificate";
  } catch {
    return undefined;
  }
}
