import type { Servers } from "../servers/servers.js";
import type { Settings } from "../settings.js";
import type { Progress } from "./progress.js";

/** What a part of the bench works with. */
export interface Run {
  readonly servers: Servers;
  readonly settings: Settings;
  readonly progress: Progress;
}

/** One table of the report: the first column names, the others count. */
export interface Section {
  readonly title: string;
  /** How to read it, in a sentence or two. */
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly verdicts: readonly Verdict[];
}

/** A target, and what was found. */
export interface Verdict {
  readonly target: string;
  readonly found: string;
  readonly met: boolean;
  /** Whether the same code always gives the same: a count does, a time does not. */
  readonly isFact: boolean;
}
