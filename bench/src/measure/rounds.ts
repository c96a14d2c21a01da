/** What was measured of each contender, by name; the values of one round stand at the same index. */
export type Samples<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/**
 * Lets every contender run once in each round, so that what disturbs the machine disturbs all of them. Each round begins with another
 * one, and one round more than asked is run first and not counted.
 */
export async function alternate<Name extends string>(
  names: readonly Name[],
  rounds: number,
  measure: (name: Name) => Promise<number>,
): Promise<Samples<Name>> {
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + 1) % names.length];
      if (name === undefined) continue;
      const value = await measure(name);
      if (round >= 0) samples[name].push(value);
    }
  }
  return samples;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2;
}

/** The median of the ratios of values that were measured in the same round. */
export function pairedRatio(values: readonly number[], reference: readonly number[]): number {
  return median(values.map((value, index) => value / (reference[index] ?? Number.NaN)));
}

/** The median of the differences of values that were measured in the same round. */
export function pairedDifference(values: readonly number[], reference: readonly number[]): number {
  return median(values.map((value, index) => value - (reference[index] ?? Number.NaN)));
}
