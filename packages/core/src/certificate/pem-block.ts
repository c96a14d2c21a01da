import { MtlsPopError } from "../errors.js";

/** One `-----BEGIN …-----` block (RFC 7468). */
export interface PemBlock {
  /** Such as `CERTIFICATE`. */
  readonly label: string;
  /** Whether it is encrypted in the way of RFC 1421, by a `Proc-Type` header. */
  readonly encryptedByHeader: boolean;
  readonly der: Buffer;
  /** The block with its armour, lines ended by a line feed. */
  readonly text: string;
}

const BEGIN = "-----BEGIN ";
const DASHES = "-----";

const DAMAGED = "It may have been cut off or changed on its way; take it from its source again.";
const ESCAPED = "Put line breaks or blanks in their place, or give the whole PEM in base64 where that is taken.";

/**
 * Splits a PEM into its blocks, in their order; text between them, such as OpenSSL's bag attributes, is skipped.
 *
 * @throws {MtlsPopError} `certificate_malformed` for a block that does not end or is not base64
 */
export function pemBlocks(pem: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let begin = pem.indexOf(BEGIN); begin >= 0; begin = pem.indexOf(BEGIN, begin)) {
    const labelEnd = pem.indexOf(DASHES, begin + BEGIN.length);
    const label = pem.slice(begin + BEGIN.length, labelEnd);
    if (labelEnd < 0 || !/^[A-Z0-9 ]{1,40}$/.test(label)) throw malformed("A BEGIN line of the PEM is damaged.");
    const bodyStart = labelEnd + DASHES.length;
    const endLine = `-----END ${label}-----`;
    const end = pem.indexOf(endLine, bodyStart);
    if (end < 0) throw malformed(`The ${label} block of the PEM has no END line.`);
    blocks.push(readBlock(label, pem.slice(bodyStart, end)));
    begin = end + endLine.length;
  }
  return blocks;
}

function readBlock(label: string, body: string): PemBlock {
  const lines = body.split(/\r\n|\r|\n/).map((line) => line.trim());
  const headers = lines.filter((line) => line.includes(":"));
  const base64 = lines.filter((line) => !line.includes(":"));
  // blanks are no harm (RFC 7468 section 3): an app setting often has them in place of line ends
  const joined = base64.join("").replaceAll(/\s/g, "");
  if (joined === "" || joined.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(joined)) {
    if (joined.includes("\\n")) throw malformed(`The ${label} block of the PEM has \\n written out in place of line ends.`, ESCAPED);
    throw malformed(`The ${label} block of the PEM is not base64, or is cut off.`);
  }
  const head = headers.length > 0 ? `${headers.join("\n")}\n\n` : "";
  return {
    label,
    encryptedByHeader: headers.some((line) => /^Proc-Type:.*ENCRYPTED/.test(line)),
    der: Buffer.from(joined, "base64"),
    text: `${BEGIN}${label}-----\n${head}${base64.filter(Boolean).join("\n")}\n-----END ${label}-----\n`,
  };
}

function malformed(message: string, help = DAMAGED): MtlsPopError {
  return new MtlsPopError("certificate_malformed", message, { help });
}
