import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  Set as Asn1Set,
  BitString,
  Constructed,
  fromBER,
  IA5String,
  Integer,
  Null,
  ObjectIdentifier,
  PrintableString,
  Sequence,
  Utf8String,
} from "asn1js";

const DC = "0.9.2342.19200300.100.1.25";
const CN = "2.5.4.3";
const CUID = "1.3.6.1.4.1.311.90.2.10";
const SHA256 = "2.16.840.1.101.3.4.2.1";

const STRINGS = { IA5String, Utf8String, PrintableString } as const;

/** One part of a subject: its type's OID, its string's type, its value. */
export type NamePart = readonly [oid: string, type: keyof typeof STRINGS, value: string];

/** What a certificate request is made of; a test changes one thing. */
export interface RequestParts {
  readonly tenantId: string;
  readonly clientId: string;
  readonly cuId: object;
  readonly key: KeyObject;
  readonly version?: number;
  readonly subject?: readonly NamePart[];
  /** With further values of the same type where there are any. */
  readonly attributes?: readonly (readonly [...part: NamePart, ...more: string[]])[];
  readonly hashParameters?: "null" | "absent";
  readonly pss?: {
    readonly algorithm?: string;
    readonly hash?: string;
    readonly mgf?: string;
    readonly mgfHash?: string;
    readonly salt?: number;
  };
  /** Of the signature itself, whatever the parameters say. */
  readonly signedWith?: { readonly key?: KeyObject; readonly saltLength?: number; readonly padding?: number };
}

let rsaKey: KeyObject | undefined;

/** One RSA 2048 key for all tests of a file, since making one takes a while. */
export function sharedKey(): KeyObject {
  rsaKey ??= generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  return rsaKey;
}

/** Writes a certificate request by an ASN.1 library and signs it by `node:crypto`; base64 DER. */
export function buildCertificateRequest(parts: RequestParts): string {
  const { key, version = 0, signedWith = {} } = parts;
  const subject = parts.subject ?? [
    [DC, "IA5String", parts.tenantId],
    [CN, "Utf8String", parts.clientId],
  ];
  const attributes = parts.attributes ?? [[CUID, "Utf8String", JSON.stringify(parts.cuId)]];
  const publicKey = fromBER(publicKeyInfo(key)).result;
  const info = sequence(
    new Integer({ value: version }),
    sequence(...subject.map((part) => new Asn1Set({ value: [typed(part, false)] }))),
    publicKey,
    context(0, ...attributes.map((attribute) => typed(attribute, true))),
  );
  const toBeSigned = Buffer.from(info.toBER());
  const { padding = constants.RSA_PKCS1_PSS_PADDING, saltLength = 32, key: signer = key } = signedWith;
  const pss = signer.asymmetricKeyType === "rsa" ? { padding, ...(padding === constants.RSA_PKCS1_PSS_PADDING && { saltLength }) } : {};
  const signature = sign("sha256", toBeSigned, { key: signer, ...pss });
  const whole = sequence(info, algorithm(parts), new BitString({ valueHex: arrayBuffer(signature) }));
  return Buffer.from(whole.toBER()).toString("base64");
}

function algorithm({ hashParameters = "null", pss = {} }: RequestParts): Sequence {
  const hash = (oid = SHA256): Sequence => sequence(objectId(oid), ...(hashParameters === "null" ? [new Null()] : []));
  return sequence(
    objectId(pss.algorithm ?? "1.2.840.113549.1.1.10"),
    sequence(
      context(0, hash(pss.hash)),
      context(1, sequence(objectId(pss.mgf ?? "1.2.840.113549.1.1.8"), hash(pss.mgfHash))),
      context(2, new Integer({ value: pss.salt ?? 32 })),
    ),
  );
}

function typed([oid, type, value, ...more]: readonly [...part: NamePart, ...more: string[]], inSet: boolean): Sequence {
  const text = (one: string) => new STRINGS[type]({ value: one });
  return sequence(objectId(oid), inSet ? new Asn1Set({ value: [value, ...more].map(text) }) : text(value));
}

function publicKeyInfo(key: KeyObject): ArrayBuffer {
  return arrayBuffer(createPublicKey(key).export({ type: "spki", format: "der" }));
}

function sequence(...value: Sequence["valueBlock"]["value"]): Sequence {
  return new Sequence({ value });
}

function context(tagNumber: number, ...value: Sequence["valueBlock"]["value"]): Constructed {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber }, value });
}

function objectId(value: string): ObjectIdentifier {
  return new ObjectIdentifier({ value });
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
