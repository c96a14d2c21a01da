import { MtlsPopError } from "../errors.js";
import { record } from "../internal/options.js";
import type { CertificateSubject, ComputeUnitId } from "./csr.js";
import type { ImdsCall, ImdsClient } from "./imds-request.js";
import { answerOf, invalidResponse } from "./invalid-response.js";
import { managedIdentityError } from "./managed-identity-error.js";
import type { Identity } from "./managed-identity-id.js";

const CALL = "getplatformmetadata";

/** What both calls of the service's second version carry. */
export const CREDENTIAL_API = { path: "/metadata/identity", version: { "cred-api-version": "2.0" } } as const;

/** What becomes part of a subject and of a URL: a GUID, or in a stand-in what looks like a name. */
const ID = /^[a-z0-9][a-z0-9.-]{0,127}$/i;

/** An https URL of a host, with or without a path; the service also names the host alone, as MSAL's authors have seen it do. */
const ATTESTATION_ENDPOINT = /^(?:https:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d{1,5})?(?:\/[\w.~/-]*)?|[a-z0-9-]+(?:\.[a-z0-9-]+)+)$/i;

/** Longest machine id and URL that make sense, in characters. */
const MAX_LENGTH = 1000;

/** What a certificate is asked for with. */
export interface PlatformMetadata extends CertificateSubject {
  /** As the service has it; where the key is attested unless the machine's region says otherwise. */
  readonly attestationEndpoint: string;
}

/**
 * Asks the metadata service whose certificates it issues.
 *
 * @throws {MtlsPopError} `mtls_pop_token_not_supported_in_imds_v1`, `invalid_managed_identity_response`, `managed_identity_error`,
 * `timeout`, `network_error`
 * @see PROTOCOL.md section 5, step 1
 */
export async function fetchPlatformMetadata(
  imds: ImdsClient,
  identity: Identity,
  { correlationId, signal, nowMs }: ImdsCall & { nowMs: () => number },
): Promise<PlatformMetadata> {
  const query = { ...CREDENTIAL_API.version, ...identity.query("imds-v2") };
  const response = await imds.get(`${CREDENTIAL_API.path}/${CALL}`, query, { correlationId, signal, probe: true });
  if (response.status === 404) throw onlyVersion1(correlationId);
  if (response.status !== 200) {
    throw managedIdentityError(response, { endpoint: `The instance metadata service (${CALL})`, identity, correlationId, nowMs: nowMs() });
  }
  if (!/imds/i.test(String(response.headers["server"]))) {
    throw invalidResponse(CALL, "does not come from the metadata service: its `Server` header does not say IMDS", correlationId);
  }
  return read(response.body, identity, correlationId);
}

function read(body: string, identity: Identity, correlationId: string): PlatformMetadata {
  const answer = answerOf(CALL, body, correlationId);
  const text = (name: string, isValid: (value: string) => boolean): string => {
    const value = answer[name];
    if (value === undefined || value === null || value === "") throw invalidResponse(CALL, `has no \`${name}\``, correlationId);
    if (typeof value === "string" && isValid(value)) return value;
    throw invalidResponse(CALL, `has no usable \`${name}\``, correlationId);
  };
  const cuId = readCuId(answer["cuId"], correlationId);
  const clientId = text("clientId", (value) => ID.test(value));
  const tenantId = text("tenantId", (value) => ID.test(value));
  const named = text("attestationEndpoint", (value) => value.length <= MAX_LENGTH && ATTESTATION_ENDPOINT.test(value));
  const attestationEndpoint = /^https:/i.test(named) ? named : `https://${named}`;
  if (identity.clientId !== undefined && identity.clientId.toLowerCase() !== clientId.toLowerCase()) {
    throw invalidResponse(CALL, `is for another identity (client id ${clientId}) than ${identity.describe()}`, correlationId);
  }
  return { cuId, clientId, tenantId, attestationEndpoint };
}

function readCuId(value: unknown, correlationId: string): ComputeUnitId {
  if (value === undefined || value === null) throw invalidResponse(CALL, "has no `cuId`", correlationId);
  if (!record.test(value)) throw invalidResponse(CALL, "has no usable `cuId`", correlationId);
  const [vmId, vmssId] = ["vmId", "vmssId"].map((name) => {
    const id: unknown = Reflect.get(Object(value), name);
    if (id === undefined || id === null || id === "") return undefined;
    if (typeof id === "string" && id.length <= MAX_LENGTH) return id;
    throw invalidResponse(CALL, `has a \`cuId\` without a usable \`${name}\``, correlationId);
  });
  if (vmId === undefined && vmssId === undefined) {
    throw invalidResponse(CALL, "has a `cuId` with neither `vmId` nor `vmssId`", correlationId);
  }
  return { vmId, vmssId };
}

function onlyVersion1(correlationId: string): MtlsPopError {
  return new MtlsPopError(
    "mtls_pop_token_not_supported_in_imds_v1",
    "This host's instance metadata service has no getplatformmetadata (404): it is the first version, which issues Bearer tokens and no certificate to bind a token to.",
    {
      correlationId,
      statusCode: 404,
      help: "Use a virtual machine or scale set whose metadata service has the second version, a certificate credential (ConfidentialClientApplication), or ask for a Bearer token.",
    },
  );
}
