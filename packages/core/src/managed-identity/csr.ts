import type { KeyObject } from "node:crypto";
import { assertSignature, type BindingKey } from "../certificate/binding-key.js";
import { bitString, context, derNull, ia5String, integer, objectIdentifier, sequence, setOf, utf8String } from "./der.js";

/** Whom a certificate is asked for, as the metadata service knows it. */
export interface CertificateSubject {
  readonly clientId: string;
  readonly tenantId: string;
  readonly cuId: ComputeUnitId;
}

/** The machine that a certificate is asked from; a machine outside a scale set has no `vmssId`. */
export interface ComputeUnitId {
  readonly vmId?: string | undefined;
  readonly vmssId?: string | undefined;
}

const OID = {
  /** RFC 4519 section 2.4 */
  domainComponent: "0.9.2342.19200300.100.1.25",
  /** RFC 4519 section 2.3 */
  commonName: "2.5.4.3",
  /** Microsoft's own: holds the cuId. */
  computeUnitId: "1.3.6.1.4.1.311.90.2.10",
  /** RFC 4055 section 3.1 */
  rsassaPss: "1.2.840.113549.1.1.10",
  mgf1: "1.2.840.113549.1.1.8",
  sha256: "2.16.840.1.101.3.4.2.1",
} as const;

const SALT_OCTETS = 32;

/**
 * A PKCS#10 certification request, signed by the key that it is for: the subject is `DC={tenantId}`, then `CN={clientId}`, and the
 * machine stands in an attribute.
 *
 * @param key RSA of 2048 bits or more
 * @returns DER in base64, on one line
 * @throws {MtlsPopError} `certificate_key_unsupported` for a signature that is none
 * @see RFC 2986 section 4, RFC 4055 section 3.1, PROTOCOL.md section 5
 */
export async function certificateSigningRequest(subject: CertificateSubject, key: BindingKey): Promise<string> {
  const request = certificationRequestInfo(subject, key.publicKey);
  // PS256 is RSASSA-PSS with SHA-256, MGF1 of the same and a salt of 32 octets (RFC 7518 section 3.5)
  const signature = assertSignature("PS256", await key.sign("PS256", request));
  return sequence(request, rsassaPss(), bitString(signature)).toString("base64");
}

/** What is signed. */
export function certificationRequestInfo({ clientId, tenantId, cuId }: CertificateSubject, publicKey: KeyObject): Buffer {
  const name = sequence(
    setOf(sequence(objectIdentifier(OID.domainComponent), ia5String(tenantId))),
    setOf(sequence(objectIdentifier(OID.commonName), utf8String(clientId))),
  );
  const attribute = sequence(objectIdentifier(OID.computeUnitId), setOf(utf8String(cuIdJson(cuId))));
  return sequence(integer(0), name, publicKey.export({ type: "spki", format: "der" }), context(0, attribute));
}

/** In the order and case that the metadata service has it in; what is not there is left out. */
function cuIdJson({ vmId, vmssId }: ComputeUnitId): string {
  return JSON.stringify({ ...(vmId && { vmId }), ...(vmssId && { vmssId }) });
}

function rsassaPss(): Buffer {
  const sha256 = sequence(objectIdentifier(OID.sha256), derNull());
  const mgf1 = sequence(objectIdentifier(OID.mgf1), sha256);
  const parameters = sequence(context(0, sha256), context(1, mgf1), context(2, integer(SALT_OCTETS)));
  return sequence(objectIdentifier(OID.rsassaPss), parameters);
}
