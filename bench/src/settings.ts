/** How long a run takes its time. */
export interface Settings {
  /** Rounds in which each contender starts a process. */
  readonly processRounds: number;
  /** Rounds in which each contender is measured in its running process. */
  readonly inProcessRounds: number;
  /** Of one measurement in a running process. */
  readonly timeMs: number;
  /** Tokens in the filled cache. */
  readonly entries: number;
}

/** For figures that are quoted: some minutes on two cores. */
export const FULL: Settings = { processRounds: 25, inProcessRounds: 11, timeMs: 400, entries: 1000 };

/** To see that everything runs; its figures scatter. */
export const QUICK: Settings = { processRounds: 3, inProcessRounds: 2, timeMs: 60, entries: 100 };
