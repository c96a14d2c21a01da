import type { Surroundings } from "../surroundings.js";

/** What a contender's process may be asked for. */
export type Task =
  | { readonly task: "prepare"; readonly surroundings: Surroundings }
  /** One call for each index, all at once. */
  | { readonly task: "burst"; readonly indices: readonly number[] }
  | { readonly task: "measure"; readonly measurement: Measurement };

/** How one sample is taken, and for how long. */
export interface Measurement {
  /** Calls go round the indices below this. */
  readonly spread: number;
  /** Calls that are under way at any time. */
  readonly lanes: number;
  /** Calls of each lane in one sample. */
  readonly callsPerLane: number;
  readonly timeMs: number;
}

/** What a measurement shows. */
export interface Measured {
  readonly perSecond: number;
  /** Processor time of the contender's process alone, in microseconds. */
  readonly cpuPerCallUs: number;
}

/** @throws {TypeError} for an answer that is no {@link Measured} */
export function assertMeasured(answer: unknown): asserts answer is Measured {
  const wellFormed =
    typeof answer === "object" &&
    answer !== null &&
    "perSecond" in answer &&
    Number.isFinite(answer.perSecond) &&
    "cpuPerCallUs" in answer &&
    Number.isFinite(answer.cpuPerCallUs);
  if (!wellFormed) throw new TypeError("The contender's process answered with something else than a measurement.");
}
