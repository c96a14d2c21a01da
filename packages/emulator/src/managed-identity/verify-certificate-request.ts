import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";
import { isRecord } from "../entra/token-form.js";
import { badCertificateRequest, stringOf, type TypedString } from "./asn1-node.js";
import { type CertificateRequest, readCertificateRequest } from "./certificate-request.js";
import type { ManagedIdentity } from "./managed-identity.js";
import { assertPssSha256 } from "./pss-parameters.js";

/** What the platform knows a machine by; one of the two at least. */
export interface ComputeUnitId {
  readonly vmId?: string;
  readonly vmssId?: string;
}

/** What a certificate is made of. */
export interface VerifiedRequest {
  /** The subject as it came, in DER. */
  readonly subjectName: Uint8Array;
  readonly publicKey: KeyObject;
}

/** The subject's parts, in their order, with the type that each is written in. .NET on Linux writes PrintableString for both. */
const SUBJECT = [
  { name: "DC", oid: "0.9.2342.19200300.100.1.25", type: "IA5String", of: "tenantId" },
  { name: "CN", oid: "2.5.4.3", type: "UTF8String", of: "clientId" },
] as const satisfies readonly { name: string; oid: string; type: TypedString["type"]; of: keyof ManagedIdentity }[];

/** The attribute that holds the machine's ids. */
const CUID_ATTRIBUTE = "1.3.6.1.4.1.311.90.2.10";
const MODULUS_LENGTH = 2048;

/**
 * Checks a certificate request as the metadata service does: subject, attribute, key, signature.
 *
 * @param base64 the request's DER
 * @throws {ImdsError} which says what was found and what was expected
 * @see PROTOCOL.md section 5, step 2
 */
export function verifyCertificateRequest(base64: string, identity: ManagedIdentity, cuId: ComputeUnitId): VerifiedRequest {
  const request = readCertificateRequest(base64);
  if (request.version !== 0) throw badCertificateRequest(`its version is ${request.version}, not 0`);
  assertSubject(request, identity);
  assertCuId(request, cuId);
  assertPssSha256(request.signatureAlgorithm);
  const publicKey = readPublicKey(request);
  const padding = { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  if (!verify("sha256", request.toBeSigned, padding, request.signature)) throw badCertificateRequest("its signature does not hold");
  return { subjectName: request.subjectName, publicKey };
}

function assertSubject({ subject }: CertificateRequest, identity: ManagedIdentity): void {
  const found = subject.map(({ oid }) => SUBJECT.find((part) => part.oid === oid)?.name ?? oid).join(", ");
  if (found !== "DC, CN") throw badCertificateRequest(`its subject is made of "${found}", not of "DC, CN" in this order`);
  SUBJECT.forEach(({ name, type, of }, index) => {
    const value = subject[index]?.value;
    if (value?.type !== type && value?.type !== "PrintableString")
      throw badCertificateRequest(`${name} is a ${value?.type}, not a ${type}`);
    if (value.value !== identity[of]) throw badCertificateRequest(`${name} is "${value.value}", not "${identity[of]}"`);
  });
}

function assertCuId({ attributes }: CertificateRequest, cuId: ComputeUnitId): void {
  const [attribute, ...others] = attributes;
  if (attribute?.oid !== CUID_ATTRIBUTE || others.length > 0) {
    const found = attributes.map(({ oid }) => oid).join(", ") || "none";
    throw badCertificateRequest(`its attributes are ${found}, not ${CUID_ATTRIBUTE} alone`);
  }
  const [value, ...more] = attribute.values;
  const { type, value: text } = stringOf(value, "the attribute's value");
  if (more.length > 0 || type !== "UTF8String") throw badCertificateRequest(`its attribute holds a ${type}, not one UTF8String`);
  if (!sameMembers(parseJson(text), cuId)) throw badCertificateRequest(`its attribute says ${text}, not ${JSON.stringify(cuId)}`);
}

function sameMembers(found: unknown, expected: object): boolean {
  if (!isRecord(found)) return false;
  const members = Object.entries(expected);
  return Object.keys(found).length === members.length && members.every(([name, value]) => found[name] === value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readPublicKey({ publicKeyInfo }: CertificateRequest): KeyObject {
  const key = decodePublicKey(publicKeyInfo);
  const length = key.asymmetricKeyDetails?.modulusLength;
  if (key.asymmetricKeyType !== "rsa" || length !== MODULUS_LENGTH) {
    throw badCertificateRequest(
      `its key is ${key.asymmetricKeyType}${length === undefined ? "" : ` ${length}`}, not rsa ${MODULUS_LENGTH}`,
    );
  }
  return key;
}

function decodePublicKey(publicKeyInfo: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(publicKeyInfo), format: "der", type: "spki" });
  } catch {
    throw badCertificateRequest("its key cannot be read");
  }
}
