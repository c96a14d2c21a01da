import type { AuthenticationResult } from "../application/authentication-result.js";
import { MtlsPopError } from "../errors.js";
import type { Clock } from "../internal/clock.js";
import { sendControlRequest } from "../transport/control-request.js";
import type { Transport } from "../transport/transport-options.js";
import { bearerResult } from "./bearer-answer.js";
import { endpointOfVariable } from "./endpoint-variable.js";
import type { BearerRequest } from "./imds-v1.js";
import { managedIdentityError } from "./managed-identity-error.js";
import { type RetrySchedule, sendWithRetries } from "./retry.js";

const API_VERSION = "2019-08-01";
const CALL = "IDENTITY_ENDPOINT";
const ENDPOINT = "The managed identity endpoint of App Service";

const HELP = "App Service and Functions set it by themselves; remove it where it was set by hand.";

/** @see PROTOCOL.md section 7 */
const TRANSIENT: ReadonlySet<unknown> = new Set([404, 408, 429, 500, 503, 504]);

const SCHEDULE: RetrySchedule = {
  isTransient: (outcome) => TRANSIENT.has(outcome),
  delaysMs: () => [1000, 1000, 1000],
  honoursRetryAfter: true,
};

/**
 * Asks the endpoint that App Service and Functions give their apps for a Bearer token. Address and secret are read from the environment
 * each time, since the platform changes them.
 *
 * @throws {MtlsPopError} `managed_identity_error`, `invalid_managed_identity_response`, `token_type_mismatch`, `settings_invalid`,
 * `timeout`, `network_error`
 * @see PROTOCOL.md section 5
 */
export async function requestAppServiceToken(
  { transport, clock, env }: { transport: Transport; clock: Clock; env: Readonly<NodeJS.ProcessEnv> },
  { identity, resource, correlationId, signal }: BearerRequest,
): Promise<AuthenticationResult> {
  const startedMs = clock.now();
  const { url, secret } = endpointOf(env);
  const parameters = { "api-version": API_VERSION, resource, ...identity.query("app-service") };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const headers = { "X-IDENTITY-HEADER": secret, "x-ms-client-request-id": correlationId, accept: "application/json" };
  const send = () => sendControlRequest(transport, { method: "GET", url, headers, correlationId, signal });
  const response = await sendWithRetries(send, SCHEDULE, { clock, signal });
  const nowMs = clock.now();
  if (response.status !== 200) throw managedIdentityError(response, { endpoint: ENDPOINT, identity, correlationId, nowMs });
  return bearerResult({ body: response.body, call: CALL, url, resource, identity, correlationId, startedMs, nowMs });
}

function endpointOf(env: Readonly<NodeJS.ProcessEnv>): { url: URL; secret: string } {
  const { IDENTITY_ENDPOINT: endpoint = "", IDENTITY_HEADER: secret = "" } = env;
  const url = endpointOfVariable("IDENTITY_ENDPOINT", endpoint, HELP);
  // it becomes a header
  if (/^[\x21-\x7e]+$/.test(secret)) return { url, secret };
  throw new MtlsPopError("settings_invalid", "The environment's IDENTITY_HEADER holds a character that no header takes.", { help: HELP });
}
