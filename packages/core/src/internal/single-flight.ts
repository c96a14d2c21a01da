interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Lets concurrent callers that want the same thing share one attempt. A caller's abort ends its own wait; when the last one has left,
 * the attempt is aborted. A failure goes to those who wait and is not remembered.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /**
   * Joins the attempt for `key`, or starts it.
   *
   * @param start gets the signal that ends when nobody waits any more
   * @param signal this caller's own
   */
  join(key: string, start: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const flight = this.#flights.get(key) ?? this.#begin(key, start);
    flight.waiting++;
    if (!signal) return flight.result;
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        reject(signal.reason);
        if (--flight.waiting === 0) {
          this.#end(key, flight);
          flight.controller.abort(signal.reason);
        }
      };
      signal.addEventListener("abort", onAbort, { once: true });
      flight.result.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    });
  }

  /** Whether an attempt for `key` is under way. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  #begin(key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    // a turn later: one that joins its own flight waits for it then, and does not start without end
    const result = Promise.resolve().then(() => {
      controller.signal.throwIfAborted();
      return start(controller.signal);
    });
    const flight: Flight<T> = { controller, waiting: 0, result };
    this.#flights.set(key, flight);
    const end = () => this.#end(key, flight);
    flight.result.then(end, end);
    return flight;
  }

  #end(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
