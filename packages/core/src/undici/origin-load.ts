/** How many calls are under way to each origin, for whoever waits with further ones until a connection is free. */
export class OriginLoad {
  readonly #maxConnections: number;
  readonly #onDrain: (origin: string) => void;
  readonly #underWay = new Map<string, number>();
  /** Somebody was told to wait. */
  readonly #full = new Set<string>();

  constructor(maxConnections: number, onDrain: (origin: string) => void) {
    this.#maxConnections = maxConnections;
    this.#onDrain = onDrain;
  }

  begin(origin: string): void {
    this.#underWay.set(origin, this.#of(origin) + 1);
  }

  end(origin: string): void {
    const left = this.#of(origin) - 1;
    if (left > 0) this.#underWay.set(origin, left);
    else this.#underWay.delete(origin);
    if (left < this.#maxConnections && this.#full.delete(origin)) this.#onDrain(origin);
  }

  /** Whether one more call has a connection; if not, the drain is told. */
  hasRoom(origin: string): boolean {
    if (this.#of(origin) < this.#maxConnections) return true;
    this.#full.add(origin);
    return false;
  }

  #of(origin: string): number {
    return this.#underWay.get(origin) ?? 0;
  }
}
