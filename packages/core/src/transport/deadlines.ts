/**
 * One time-out for all that wait for the same kind of thing, with one timer for all of them, so that a wait that ends in time, as nearly
 * each does, costs no timer of its own. It keeps no process alive.
 */
export class Deadlines {
  readonly #timeoutMs: number;
  readonly #all = new Set<Deadline>();
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** One that waits, over and over; it is kept until it is removed. */
  add(): Deadline {
    const deadline = new Deadline(this.#wake);
    this.#all.add(deadline);
    return deadline;
  }

  remove(deadline: Deadline): void {
    deadline.end();
    this.#all.delete(deadline);
  }

  /** Lets go of everything, and tells nobody. */
  clear(): void {
    this.#all.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #wake = (): void => {
    this.#timer ??= setTimeout(this.#sweep, this.#timeoutMs).unref();
  };

  readonly #sweep = (): void => {
    this.#timer = undefined;
    const dueBefore = performance.now() - this.#timeoutMs;
    const waiting = [...this.#all].filter((deadline) => deadline.isWaiting);
    for (const deadline of waiting) if (deadline.beganAt <= dueBefore) deadline.tell();
    const leftMs = Math.min(...waiting.filter((deadline) => deadline.isWaiting).map(({ beganAt }) => beganAt - dueBefore));
    // whoever was told may have begun anew, and set the timer
    if (leftMs < Number.POSITIVE_INFINITY) this.#timer ??= setTimeout(this.#sweep, Math.ceil(leftMs)).unref();
  };
}

/**
 * A wait that may be over when it is told; the next one begins when the last one has ended. One object for all waits of a connection: entries
 * of each call in a list of the agent's, which is old, would make the garbage collector keep calls that are done.
 */
export class Deadline {
  readonly #wake: () => void;
  #onOverdue: (() => void) | undefined;
  #beganAt = 0;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  get isWaiting(): boolean {
    return this.#onOverdue !== undefined;
  }

  /** As `performance.now()` has it. */
  get beganAt(): number {
    return this.#beganAt;
  }

  /** @param onOverdue called once, unless {@link end} comes first */
  begin(onOverdue: () => void): void {
    this.#onOverdue = onOverdue;
    this.#beganAt = performance.now();
    this.#wake();
  }

  end(): void {
    this.#onOverdue = undefined;
  }

  tell(): void {
    const onOverdue = this.#onOverdue;
    this.end();
    onOverdue?.();
  }
}
