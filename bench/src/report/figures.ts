import { quantile } from "../measure/statistics.js";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A number as a table has it: three digits for small ones, no fraction for large ones. */
export function figure(value: number): string {
  return value >= 100 ? whole.format(value) : value.toPrecision(value < 1 ? 2 : 3);
}

/** How many times something is, such as `1.35 ×`. */
export function times(ratio: number): string {
  return `${figure(ratio)} ×`;
}

/** Between which values the middle half lies. */
export function middleHalf(values: readonly number[]): string {
  return `${figure(quantile(values, 0.25))} – ${figure(quantile(values, 0.75))}`;
}
