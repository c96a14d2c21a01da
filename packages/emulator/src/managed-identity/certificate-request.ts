import { fromBER } from "asn1js";
import {
  type Asn1Node,
  assertDistinguished,
  badCertificateRequest,
  bitsOf,
  derOf,
  integerOf,
  membersOf,
  oidOf,
  stringOf,
  type TypedString,
} from "./asn1-node.js";

/** A certificate request taken apart (RFC 2986 section 4); what it says is not judged here. */
export interface CertificateRequest {
  /** The signed part, in DER. */
  readonly toBeSigned: Uint8Array;
  readonly version: number;
  /** In DER. */
  readonly subjectName: Uint8Array;
  /** In the order of the DER. */
  readonly subject: readonly { readonly oid: string; readonly value: TypedString }[];
  /** SubjectPublicKeyInfo, in DER. */
  readonly publicKeyInfo: Uint8Array;
  readonly attributes: readonly { readonly oid: string; readonly values: readonly Asn1Node[] }[];
  readonly signatureAlgorithm: Asn1Node;
  readonly signature: Uint8Array;
}

/**
 * Reads a request that came as one line of base64.
 *
 * @throws {ImdsError} for what is not base64, not DER, or no certificate request
 */
export function readCertificateRequest(base64: string): CertificateRequest {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw badCertificateRequest("it is not one line of base64");
  const der = Buffer.from(base64, "base64");
  const { offset, result } = fromBER(der);
  if (offset < 0) throw badCertificateRequest("it is no ASN.1");
  if (offset !== der.length) throw badCertificateRequest("bytes follow its end");
  assertDistinguished(result);
  const [info, signatureAlgorithm, signature] = membersOf(result, "SEQUENCE", "the request", 3);
  const [version, subject, publicKeyInfo, attributes] = membersOf(info, "SEQUENCE", "the signed part", 4);
  if (!info || !subject || !publicKeyInfo) throw badCertificateRequest("it has no signed part");
  return {
    toBeSigned: derOf(info),
    version: integerOf(version, "the version"),
    subjectName: derOf(subject),
    subject: membersOf(subject, "SEQUENCE", "the subject").map(readRelativeName),
    publicKeyInfo: derOf(publicKeyInfo),
    attributes: membersOf(attributes, 0, "the list of attributes").map(readAttribute),
    signatureAlgorithm,
    signature: bitsOf(signature, "the signature"),
  };
}

function readRelativeName(node: Asn1Node): CertificateRequest["subject"][number] {
  const [pair] = membersOf(node, "SET", "a part of the subject", 1);
  const [type, value] = membersOf(pair, "SEQUENCE", "a part of the subject", 2);
  return { oid: oidOf(type, "the type of a part of the subject"), value: stringOf(value, "a part of the subject") };
}

function readAttribute(node: Asn1Node): CertificateRequest["attributes"][number] {
  const [type, values] = membersOf(node, "SEQUENCE", "an attribute", 2);
  return { oid: oidOf(type, "the type of an attribute"), values: membersOf(values, "SET", "the values of an attribute") };
}
