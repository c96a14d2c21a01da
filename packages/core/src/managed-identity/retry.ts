import { isMtlsPopError } from "../errors.js";
import type { Clock } from "../internal/clock.js";
import { retryAfterSeconds } from "../internal/retry-after.js";
import type { ControlResponse } from "../transport/control-request.js";
import { invalidResponse } from "./invalid-response.js";

/** How a try ended: an answer's status, or none in time. */
export type Outcome = number | "time-out";

/** When an endpoint is asked again. */
export interface RetrySchedule {
  readonly isTransient: (outcome: Outcome) => boolean;
  /** Milliseconds before each further try; the first outcome settles them. */
  readonly delaysMs: (first: Outcome) => readonly number[];
  /** Whether the endpoint may name another wait. */
  readonly honoursRetryAfter: boolean;
}

/** A longer wish ends the tries: the caller hears it as `retryAfterSeconds` and need not hang. */
const MAX_RETRY_AFTER_SECONDS = 60;

/**
 * Sends a request, and again while its outcome is one that may pass.
 *
 * @returns the last answer, whatever its status
 * @throws {MtlsPopError} what the last try threw; `invalid_managed_identity_response` for an answer over 1 MiB; the signal's reason when aborted
 * @see PROTOCOL.md section 7
 */
export async function sendWithRetries(
  send: () => Promise<ControlResponse>,
  schedule: RetrySchedule,
  { clock, signal }: { clock: Clock; signal?: AbortSignal | undefined },
): Promise<ControlResponse> {
  let last = await outcomeOf(send);
  for (const delayMs of schedule.delaysMs(last.outcome)) {
    if (!schedule.isTransient(last.outcome)) break;
    const wishSeconds = schedule.honoursRetryAfter ? retryAfterSeconds(last.response?.headers["retry-after"], clock.now()) : undefined;
    if (wishSeconds !== undefined && wishSeconds > MAX_RETRY_AFTER_SECONDS) break;
    await clock.sleep(wishSeconds === undefined ? delayMs : wishSeconds * 1000, signal);
    last = await outcomeOf(send);
  }
  if (!last.response) throw last.error;
  return last.response;
}

type Try = { outcome: number; response: ControlResponse } | { outcome: "time-out"; response?: never; error: Error };

async function outcomeOf(send: () => Promise<ControlResponse>): Promise<Try> {
  try {
    const response = await send();
    return { outcome: response.status, response };
  } catch (error) {
    if (!isMtlsPopError(error)) throw error;
    if (error.code === "timeout") return { outcome: "time-out", error };
    // what the transport says of an answer that is too long is meant for a token endpoint's
    if (error.code !== "invalid_token_response") throw error;
    throw invalidResponse("the managed identity endpoint", "is longer than any that is to be had there", error.correlationId, error);
  }
}
