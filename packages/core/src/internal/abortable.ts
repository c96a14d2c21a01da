/** How long a wait may take. */
export interface WaitLimit {
  readonly timeoutMs: number;
  /** What a wait that took longer ends with. */
  readonly error: () => Error;
}

/**
 * Waits for work that may not know the signal, and may never end: ends with the signal's reason as soon as it is aborted, and with the
 * limit's error when the time is over.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined, limit?: WaitLimit): Promise<T> {
  if (!signal && !limit) return work;
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (reason: unknown) => {
      end();
      reject(reason);
    };
    const onAbort = () => fail(signal?.reason);
    if (limit) timer = setTimeout(() => fail(limit.error()), limit.timeoutMs).unref();
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    // also when the wait is over already: a failure that nobody looks at would end the process
    work.then((value) => {
      end();
      resolve(value);
    }, fail);
  });
}
