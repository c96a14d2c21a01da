import { callable, type OptionRule, record } from "./options.js";

/** Time as the toolkit sees it; a test hands in one of its own. */
export interface Clock {
  /** Milliseconds since the epoch, as `Date.now()`. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};

/** The option `clock` as a rule for those who take it. */
export const clockRule: OptionRule = {
  expected: "a clock with now() and sleep()",
  test: (value) => record.test(value) && ["now", "sleep"].every((name) => callable.test(Reflect.get(Object(value), name))),
};
