import { MtlsPopError } from "../errors.js";
import { record } from "../internal/options.js";
import { retryAfterSeconds } from "../internal/retry-after.js";
import { firstSentence, parseObject } from "../token/entra-error.js";
import type { ControlResponse } from "../transport/control-request.js";
import type { Identity } from "./managed-identity-id.js";

/** What an error says of the call that was refused. */
export interface RefusedCall {
  /** Who answered, for the message, e.g. `The instance metadata service`. */
  readonly endpoint: string;
  readonly identity: Identity;
  readonly correlationId: string;
  /** What a date in Retry-After is counted from. */
  readonly nowMs: number;
}

/**
 * Turns an endpoint's refusal into an error that quotes it.
 *
 * @returns retryable for 404 (which IMDS answers while an identity is being assigned), 408, 410, 429 and 5xx
 * @see PROTOCOL.md section 5
 */
export function managedIdentityError(response: ControlResponse, { endpoint, identity, correlationId, nowMs }: RefusedCall): MtlsPopError {
  const { status, headers } = response;
  const transient = [404, 408, 410, 429].includes(status) || status >= 500;
  return new MtlsPopError(
    "managed_identity_error",
    `${endpoint} refused ${identity.describe()} (${status}, correlation id ${correlationId}): ${said(response)}`,
    {
      statusCode: status,
      correlationId,
      retryable: transient,
      retryAfterSeconds: retryAfterSeconds(headers["retry-after"], nowMs),
      help: transient ? "Try again later." : "Check that this identity is assigned to the host, and that its id is right.",
    },
  );
}

/** IMDS writes as OAuth does, App Service and some hosts in other forms. */
function said({ body }: ControlResponse): string {
  const answer = parseObject(body);
  const inner = answer && record.test(answer["error"]) ? Object(answer["error"]) : undefined;
  const candidates: unknown[] = [
    answer?.["error_description"],
    answer?.["message"],
    inner?.["message"],
    answer?.["error"],
    inner?.["code"],
  ];
  const text = candidates.find((one): one is string => typeof one === "string" && one.trim() !== "");
  return text === undefined ? `an answer of ${body.length} characters that gives no reason.` : firstSentence(text);
}
