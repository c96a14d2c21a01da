import type { Surroundings } from "../surroundings.js";

/** One call of what is measured; calls with different indices mean different things, where the contender tells things apart. */
export type Operation = (index: number) => Promise<unknown>;

/** What a contender's module exports as `prepare`. */
export type Prepare = (surroundings: Surroundings) => Promise<Operation>;
