import { BindingCertificate } from "../certificate/binding-certificate.js";
import type { BindingKey } from "../certificate/binding-key.js";
import { isMtlsPopError, MtlsPopError } from "../errors.js";
import type { Clock } from "../internal/clock.js";
import type { ControlResponse } from "../transport/control-request.js";
import type { ImdsClient } from "./imds-request.js";
import { answerOf, invalidResponse } from "./invalid-response.js";
import type { IssuedCredential } from "./issued-credential.js";
import { managedIdentityError } from "./managed-identity-error.js";
import type { Identity } from "./managed-identity-id.js";
import { tokenEndpointOf } from "./mtls-authentication-endpoint.js";
import { CREDENTIAL_API, type PlatformMetadata } from "./platform-metadata.js";

const CALL = "issuecredential";

/** What a certificate is asked for with, and what the answer is checked against. */
export interface CredentialRequest {
  readonly identity: Identity;
  readonly metadata: PlatformMetadata;
  /** In base64. */
  readonly csr: string;
  /** The key that the request is signed with. */
  readonly key: BindingKey;
  /** Left out for a host that does not ask for it. */
  readonly attestationToken: string | undefined;
  readonly knownAuthorities: readonly string[];
  readonly clock: Clock;
  readonly correlationId: string;
  readonly signal: AbortSignal;
}

/** The issuer's clock may be this much ahead of ours, for a certificate of this very moment. */
const CLOCK_SKEW_MS = 5 * 60 * 1000;

/** Codes of a certificate that came in the answer and does not fit. */
const UNFIT_CERTIFICATE = new Set<string>(["certificate_malformed", "certificate_empty", "certificate_missing"]);

/**
 * Has the metadata service issue a certificate for a key, and takes it only if it is for this key and this identity, and for an endpoint
 * that may see it.
 *
 * @throws {MtlsPopError} `attestation_required`, `managed_identity_error`, `invalid_managed_identity_response`, `untrusted_authority`,
 * `certificate_expired`, `certificate_not_yet_valid`, `timeout`, `network_error`
 * @see PROTOCOL.md section 5, step 3
 */
export async function issueCredential(imds: ImdsClient, request: CredentialRequest): Promise<IssuedCredential> {
  const { identity, metadata, csr, attestationToken, correlationId, signal, clock } = request;
  const query = { ...CREDENTIAL_API.version, ...identity.query("imds-v2") };
  const body = { csr, ...(attestationToken !== undefined && { attestation_token: attestationToken }) };
  const response = await imds.post(`${CREDENTIAL_API.path}/${CALL}`, query, body, { correlationId, signal });
  if (response.status !== 200) throw refusal(response, request);
  const answer = answerOf(CALL, response.body, correlationId);
  const text = (name: string): string => {
    const value = answer[name];
    if (typeof value === "string" && value !== "") return value;
    throw invalidResponse(CALL, `has no \`${name}\``, correlationId);
  };
  const [clientId, tenantId] = [text("client_id"), text("tenant_id")];
  assertSame("client_id", clientId, metadata.clientId, correlationId);
  assertSame("tenant_id", tenantId, metadata.tenantId, correlationId);
  const tokenEndpoint = tokenEndpointOf(text("mtls_authentication_endpoint"), { ...request, tenantId });
  const certificate = await readCertificate(text("certificate"), request.key, { correlationId, now: () => clock.now() });
  return { certificate, clientId, tenantId, tokenEndpoint };
}

function assertSame(name: string, found: string, asked: string, correlationId: string): void {
  if (found.toLowerCase() === asked.toLowerCase()) return;
  throw invalidResponse(CALL, `is for another \`${name}\` than the one that the certificate was asked for with`, correlationId);
}

async function readCertificate(
  base64: string,
  key: BindingKey,
  { correlationId, now }: { correlationId: string; now: () => number },
): Promise<BindingCertificate> {
  // the decoder of Node passes over what is no base64
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw invalidResponse(CALL, "has a `certificate` that is no base64", correlationId);
  const certificate = Buffer.from(base64, "base64");
  try {
    return await BindingCertificate.fromBindingKey({ certificate, key, now });
  } catch (error) {
    if (!isMtlsPopError(error)) throw error;
    if (error.code === "certificate_not_yet_valid") {
      return BindingCertificate.fromBindingKey({ certificate, key, now: () => now() + CLOCK_SKEW_MS });
    }
    if (error.code === "certificate_key_mismatch") {
      throw invalidResponse(CALL, "holds a certificate for another key than the one that it was asked for with", correlationId, error);
    }
    if (UNFIT_CERTIFICATE.has(error.code)) throw invalidResponse(CALL, "has a `certificate` that is none", correlationId, error);
    throw error;
  }
}

function refusal(response: ControlResponse, { attestationToken, identity, correlationId, clock }: CredentialRequest): MtlsPopError {
  const endpoint = `The instance metadata service (${CALL})`;
  const refused = managedIdentityError(response, { endpoint, identity, correlationId, nowMs: clock.now() });
  if (attestationToken !== undefined || response.status !== 400 || !/attestation[ _]token/i.test(response.body)) return refused;
  return new MtlsPopError(
    "attestation_required",
    "The instance metadata service issues a certificate on this host only for a key that was attested, and no `attestation` was given (400).",
    {
      cause: refused,
      correlationId,
      statusCode: response.status,
      help: "Azure attests keys that VBS isolates (KeyGuard), which takes Windows on a Trusted Launch or Confidential VM: there pass `attestation`, and the key that it attests as `bindingKey`. Elsewhere use a certificate credential (ConfidentialClientApplication), or ask for a Bearer token.",
    },
  );
}
