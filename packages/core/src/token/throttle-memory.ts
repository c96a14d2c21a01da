import { MtlsPopError } from "../errors.js";

/** A server's longer wish counts as this, in seconds. */
const MAX_SECONDS = 3600;

/** A 429 that names no time. */
const DEFAULT_SECONDS = 60;

/** How many refused requests are remembered. */
const MAX_ENTRIES = 1000;

interface Throttle {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly error: MtlsPopError;
}

/**
 * Remembers which requests the token endpoint does not want to see again before a time, and answers them in its place: asking on would
 * only prolong the wait.
 *
 * @see PROTOCOL.md section 7
 */
export class ThrottleMemory {
  readonly #throttles = new Map<string, Throttle>();

  /** @throws {MtlsPopError} `throttled`, with the seconds that are left and the original as cause */
  assertNotThrottled(key: string, nowMs: number): void {
    const throttle = this.#throttles.get(key);
    if (!throttle) return;
    // a clock that was set back must not make an hour of a year
    if (nowMs >= throttle.untilMs || nowMs < throttle.sinceMs) {
      this.#throttles.delete(key);
      return;
    }
    const { error, untilMs } = throttle;
    const seconds = Math.ceil((untilMs - nowMs) / 1000);
    throw new MtlsPopError(
      "throttled",
      `The token endpoint asked not to be sent this request again for another ${seconds} s (${error.code}).`,
      {
        cause: error,
        retryAfterSeconds: seconds,
        statusCode: error.statusCode,
        correlationId: error.correlationId,
        aadErrorCodes: error.aadErrorCodes,
        help: "Wait that long; if it recurs, acquire fewer tokens: reuse one application object so that its cache works.",
      },
    );
  }

  /** Takes note of an answer that asks for a pause: a 429, or any error with Retry-After. */
  remember(key: string, error: MtlsPopError, nowMs: number): void {
    const seconds = error.retryAfterSeconds ?? (error.statusCode === 429 ? DEFAULT_SECONDS : 0);
    if (seconds <= 0) return;
    // to the end of the line, where the newest are
    this.#throttles.delete(key);
    this.#throttles.set(key, { error, sinceMs: nowMs, untilMs: nowMs + Math.min(seconds, MAX_SECONDS) * 1000 });
    for (const oldest of this.#throttles.keys()) {
      if (this.#throttles.size <= MAX_ENTRIES) break;
      this.#throttles.delete(oldest);
    }
  }
}
