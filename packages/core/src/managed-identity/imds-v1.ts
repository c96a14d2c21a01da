import type { AuthenticationResult } from "../application/authentication-result.js";
import type { Clock } from "../internal/clock.js";
import { bearerResult } from "./bearer-answer.js";
import type { ImdsClient } from "./imds-request.js";
import { managedIdentityError } from "./managed-identity-error.js";
import type { Identity } from "./managed-identity-id.js";

const PATH = "/metadata/identity/oauth2/token";
const API_VERSION = "2018-02-01";
const CALL = "oauth2/token";
const ENDPOINT = "The instance metadata service";

/** A Bearer token, asked for. */
export interface BearerRequest {
  readonly identity: Identity;
  /** Without `/.default`. */
  readonly resource: string;
  readonly correlationId: string;
  readonly signal: AbortSignal;
}

/**
 * Asks the first version of the instance metadata service for a Bearer token.
 *
 * @throws {MtlsPopError} `managed_identity_error`, `invalid_managed_identity_response`, `token_type_mismatch`, `timeout`, `network_error`
 * @see PROTOCOL.md section 5
 */
export async function requestImdsV1Token(imds: ImdsClient, clock: Clock, request: BearerRequest): Promise<AuthenticationResult> {
  const { identity, resource, correlationId, signal } = request;
  const startedMs = clock.now();
  const query = { "api-version": API_VERSION, resource, ...identity.query("imds-v1") };
  const response = await imds.get(PATH, query, { correlationId, signal });
  const nowMs = clock.now();
  if (response.status !== 200) throw managedIdentityError(response, { endpoint: ENDPOINT, identity, correlationId, nowMs });
  const url = imds.urlOf(PATH);
  return bearerResult({ body: response.body, call: CALL, url, resource, identity, correlationId, startedMs, nowMs });
}
