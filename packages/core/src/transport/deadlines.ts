/**
 * One time-out for all that waits for the same kind of thing: whoever begins later is due later, so one timer does for all of them, and
 * a call that ends in time, as nearly each does, costs an entry in a map. The timer keeps no process alive.
 */
export class Deadlines {
  readonly #timeoutMs: number;
  /** Whom to tell, and when they began; the first is due first. */
  readonly #waiting = new Map<() => void, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @param onOverdue called once, unless {@link end} comes first */
  begin(onOverdue: () => void): void {
    this.#waiting.set(onOverdue, performance.now());
    this.#timer ??= setTimeout(this.#sweep, this.#timeoutMs).unref();
  }

  end(onOverdue: () => void): void {
    this.#waiting.delete(onOverdue);
  }

  /** Lets go of everything, and tells nobody. */
  clear(): void {
    this.#waiting.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #sweep = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    const overdue: (() => void)[] = [];
    for (const [onOverdue, beganAt] of this.#waiting) {
      const leftMs = beganAt + this.#timeoutMs - now;
      if (leftMs > 0) {
        this.#timer = setTimeout(this.#sweep, Math.ceil(leftMs)).unref();
        break;
      }
      this.#waiting.delete(onOverdue);
      overdue.push(onOverdue);
    }
    for (const onOverdue of overdue) onOverdue();
  };
}
