import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { isRecord } from "../entra/token-form.js";
import type { Fault } from "../faults/fault.js";
import type { CertificateAuthority } from "../pki/certificate-authority.js";
import { type Answer, json } from "../server/answer.js";
import type { AttestationKeys } from "./attestation-token.js";
import { ImdsError } from "./imds-error.js";
import type { ManagedIdentities } from "./managed-identities.js";
import type { ManagedIdentity } from "./managed-identity.js";
import { type ComputeUnitId, verifyCertificateRequest } from "./verify-certificate-request.js";

/** What certificates are issued with. */
export interface CredentialIssuance {
  readonly identities: ManagedIdentities;
  readonly authority: Pick<CertificateAuthority, "issueIdentityCertificate">;
  readonly attestationKeys: AttestationKeys;
  /** Origin of the mTLS token host. */
  readonly mtlsAuthenticationEndpoint: string;
}

/** One request for a certificate. */
export interface CredentialRequest {
  readonly identity: ManagedIdentity;
  readonly cuId: ComputeUnitId;
  readonly contentType: string | undefined;
  readonly body: Buffer;
  readonly fault: Fault | undefined;
}

/**
 * Checks a certificate request, with its attestation, and issues the certificate.
 *
 * @throws {ImdsError} which says what was found and what was expected
 * @see PROTOCOL.md section 5, step 3
 */
export async function issueCredential(request: CredentialRequest, issuance: CredentialIssuance): Promise<Answer> {
  const { identity, cuId, fault } = request;
  const { identities, authority, attestationKeys } = issuance;
  const { csr, attestationToken } = readBody(request);
  if (attestationToken === "" || (attestationToken === undefined && identities.attestation === "required")) {
    throw new ImdsError("Attestation Token is missing / empty in the issue credential request");
  }
  const { subjectName, publicKey } = verifyCertificateRequest(csr, identity, cuId);
  if (attestationToken !== undefined) await attestationKeys.verify(attestationToken, publicKey);
  const certifiedKey: KeyObject = fault?.kind === "wrong-key" ? generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey : publicKey;
  const certificate = await authority.issueIdentityCertificate(subjectName, certifiedKey, identities.certificateLifeSeconds);
  return json(200, {
    client_id: fault?.kind === "wrong-client-id" ? randomUUID() : identity.clientId,
    tenant_id: identity.tenantId,
    certificate: certificate.toString("base64"),
    identity_type: identity.kind,
    mtls_authentication_endpoint: fault?.kind === "wrong-endpoint" ? fault.endpoint : issuance.mtlsAuthenticationEndpoint,
  });
}

function readBody({ contentType, body }: CredentialRequest): { csr: string; attestationToken: string | undefined } {
  if (!/^application\/json\s*(?:;\s*charset=utf-8\s*)?$/i.test(contentType ?? "")) {
    throw new ImdsError(`The content type is '${contentType ?? ""}', not 'application/json; charset=utf-8'`, { status: 415 });
  }
  const parsed = parseJson(body.toString("utf8"));
  if (!isRecord(parsed)) throw new ImdsError("The body of the issue credential request is not a JSON object");
  const unknown = Object.keys(parsed).find((name) => name !== "csr" && name !== "attestation_token");
  if (unknown !== undefined) throw new ImdsError(`The issue credential request has no member '${unknown}'`);
  const { csr, attestation_token: attestationToken } = parsed;
  if (typeof csr !== "string" || csr === "") throw new ImdsError("CSR is missing / empty in the issue credential request");
  if (attestationToken !== undefined && typeof attestationToken !== "string") {
    throw new ImdsError("The attestation token in the issue credential request is not a string");
  }
  return { csr, attestationToken };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
