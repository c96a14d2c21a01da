/** Waits for work that may not know the signal: ends with the signal's reason as soon as it is aborted. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    // also when the wait is over already: a failure that nobody looks at would end the process
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
