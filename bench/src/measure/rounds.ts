/** What was measured of each contender; the values of one round stand at the same index. */
export class Rounds<Contender, Value> {
  readonly #values: ReadonlyMap<Contender, Value[]>;

  constructor(contenders: readonly Contender[]) {
    this.#values = new Map(contenders.map((contender) => [contender, []]));
  }

  add(contender: Contender, value: Value): void {
    this.#values.get(contender)?.push(value);
  }

  of(contender: Contender): readonly Value[] {
    return this.#values.get(contender) ?? [];
  }
}

/** How often, and who is told. */
export interface RoundsOptions {
  readonly rounds: number;
  readonly onRound: (done: number, all: number) => void;
}

/**
 * Lets every contender run once in each round, so that what disturbs the machine disturbs all of them. Each round begins with another
 * one, and one round more than asked is run first and not counted.
 */
export async function alternate<Contender, Value>(
  contenders: readonly Contender[],
  { rounds, onRound }: RoundsOptions,
  measure: (contender: Contender) => Promise<Value>,
): Promise<Rounds<Contender, Value>> {
  const measured = new Rounds<Contender, Value>(contenders);
  for (let round = 0; round <= rounds; round++) {
    onRound(round, rounds + 1);
    const first = round % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const value = await measure(contender);
      if (round > 0) measured.add(contender, value);
    }
  }
  return measured;
}
