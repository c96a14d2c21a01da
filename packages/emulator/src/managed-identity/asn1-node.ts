import { type AsnType, BitString, Constructed, IA5String, Integer, ObjectIdentifier, PrintableString, Utf8String } from "asn1js";
import { ImdsError } from "./imds-error.js";

/** Any node of an ASN.1 tree; nothing where one should be and is not. */
export type Asn1Node = AsnType | undefined;

/** A string with the type that it was written in. */
export interface TypedString {
  readonly type: "IA5String" | "UTF8String" | "PrintableString";
  readonly value: string;
}

const UNIVERSAL = 1;
const CONTEXT_SPECIFIC = 3;
/** Tag numbers (X.680 section 8.4). */
const TAGS = { SEQUENCE: 16, SET: 17 } as const;

/** The refusal of a certificate request. */
export function badCertificateRequest(found: string): ImdsError {
  return new ImdsError(`The certificate signing request is not valid: ${found}.`);
}

/**
 * Checks that every length is written as DER has it (X.690 section 10.1).
 *
 * @throws {ImdsError} for an indefinite length, or one that is longer than it has to be
 */
export function assertDistinguished(node: AsnType): void {
  const [, form = 0, length = 0] = derOf(node);
  const needless = form === 0x81 ? length < 0x80 : form > 0x81 && length === 0;
  if (form === 0x80 || needless) throw badCertificateRequest("it is BER and no DER");
  if (node instanceof Constructed) for (const member of node.valueBlock.value) assertDistinguished(member);
}

/**
 * The members of a SEQUENCE, of a SET, or of what is tagged with a context's number.
 *
 * @param count how many there have to be; any number where it is left out
 * @throws {ImdsError} for another node or another number of members
 */
export function membersOf(node: Asn1Node, tag: keyof typeof TAGS | number, what: string, count?: number): readonly AsnType[] {
  const [tagClass, tagNumber] = typeof tag === "number" ? [CONTEXT_SPECIFIC, tag] : [UNIVERSAL, TAGS[tag]];
  if (!(node instanceof Constructed) || node.idBlock.tagClass !== tagClass || node.idBlock.tagNumber !== tagNumber) {
    throw badCertificateRequest(`${what} is not ${typeof tag === "number" ? `tagged [${tag}]` : `a ${tag}`}`);
  }
  const members = node.valueBlock.value;
  if (count !== undefined && members.length !== count) {
    throw badCertificateRequest(`${what} has ${members.length} members, and ${count} were expected`);
  }
  return members;
}

/** @throws {ImdsError} for another node */
export function oidOf(node: Asn1Node, what: string): string {
  if (!(node instanceof ObjectIdentifier)) throw badCertificateRequest(`${what} is no OBJECT IDENTIFIER`);
  return node.getValue();
}

/** @throws {ImdsError} for another node */
export function integerOf(node: Asn1Node, what: string): number {
  if (!(node instanceof Integer)) throw badCertificateRequest(`${what} is no INTEGER`);
  return node.valueBlock.valueDec;
}

/** @throws {ImdsError} for another node, or one that does not end with a byte */
export function bitsOf(node: Asn1Node, what: string): Uint8Array {
  if (!(node instanceof BitString) || node.valueBlock.unusedBits !== 0)
    throw badCertificateRequest(`${what} is no BIT STRING of whole bytes`);
  return node.valueBlock.valueHexView;
}

/** @throws {ImdsError} for another node or another type of string */
export function stringOf(node: Asn1Node, what: string): TypedString {
  if (node instanceof IA5String) return { type: "IA5String", value: node.getValue() };
  if (node instanceof Utf8String) return { type: "UTF8String", value: node.getValue() };
  if (node instanceof PrintableString) return { type: "PrintableString", value: node.getValue() };
  throw badCertificateRequest(`${what} is no IA5String, UTF8String or PrintableString`);
}

/** The bytes of a node as they came. */
export function derOf(node: AsnType): Uint8Array {
  return node.valueBeforeDecodeView;
}
