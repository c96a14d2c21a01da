import { assertOptions, flag, type OptionRule, record } from "../internal/options.js";

/** As long as a resource's `Retry-After` may be for the call to wait for it, unless the user says otherwise. */
const MAX_RETRY_AFTER_SECONDS = 10;
/** A call that waits longer is better made anew. */
const LIMIT_SECONDS = 3600;

/**
 * What a call is sent a second time for without being asked to. Each happens once per call at most, and only to idempotent requests (RFC 9110
 * section 9.2.2) whose body, if any, can be sent again.
 */
export interface RetryOptions {
  /** The connection was closed before an answer began. @default true */
  onReset?: boolean;
  /** The answer is 503 with a `Retry-After`, which is waited for. @default true */
  onUnavailable?: boolean;
  /** With a longer `Retry-After` the 503 is handed on at once, in seconds up to 3600. @default 10 */
  maxRetryAfterSeconds?: number;
}

/** {@link RetryOptions} with their defaults. */
export type RetryPolicy = Readonly<Required<RetryOptions>>;

const RULES = {
  onReset: flag,
  onUnavailable: flag,
  maxRetryAfterSeconds: {
    expected: `a number of seconds from 0 to ${LIMIT_SECONDS}`,
    test: (value) => typeof value === "number" && value >= 0 && value <= LIMIT_SECONDS,
  },
} satisfies Record<keyof RetryOptions, OptionRule>;

/** The option `retry` as a rule for those who take it. */
export const retryRule: OptionRule = { expected: "true, false or an object", test: (value) => flag.test(value) || record.test(value) };

/** @throws {MtlsPopError} `invalid_options` */
export function readRetry(retry: boolean | RetryOptions = true): RetryPolicy {
  const isOn = retry !== false;
  const options = typeof retry === "boolean" ? {} : retry;
  assertOptions("retry", options, RULES);
  const { onReset = isOn, onUnavailable = isOn, maxRetryAfterSeconds = MAX_RETRY_AFTER_SECONDS } = options;
  return { onReset, onUnavailable, maxRetryAfterSeconds };
}
