import type { IncomingMessage } from "node:http";
import { retryAfterSeconds } from "../internal/retry-after.js";
import type { RetryPolicy } from "./retry-options.js";

/**
 * How long an answer with status 503 asks to be left alone before the next try.
 *
 * @returns in milliseconds; `undefined` when it does not say so, or asks for longer than the policy waits
 * @see RFC 9110 sections 10.2.3 and 15.6.4
 */
export function waitMs({ headers }: IncomingMessage, { onUnavailable, maxRetryAfterSeconds }: RetryPolicy): number | undefined {
  const seconds = onUnavailable ? retryAfterSeconds(headers["retry-after"], Date.now()) : undefined;
  return seconds !== undefined && seconds <= maxRetryAfterSeconds ? seconds * 1000 : undefined;
}
