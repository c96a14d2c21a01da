/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this part of all values lies; between two values in proportion. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * part;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The median of the ratios of values that were measured in the same round. */
export function pairedRatio(values: readonly number[], reference: readonly number[]): number {
  return median(values.map((value, index) => value / (reference[index] ?? Number.NaN)));
}

/** The median of the differences of values that were measured in the same round. */
export function pairedDifference(values: readonly number[], reference: readonly number[]): number {
  return median(values.map((value, index) => value - (reference[index] ?? Number.NaN)));
}
