import { type FlowName, readFlow, UsageError } from "./command-line.js";
import { direct } from "./direct-story.js";
import { federated } from "./federated-story.js";
import type { Narrator } from "./narrator.js";
import { runDemo } from "./run-demo.js";

/** What the demo's command has of the process around it. */
export interface CommandSurroundings {
  readonly narrator: Narrator;
  /** Takes what is said of a command line that cannot be followed. */
  complain(text: string): void;
  /** Ends the demo early. */
  readonly stop: AbortSignal;
}

const PLAYS: Readonly<Record<FlowName, (narrator: Narrator, stop: AbortSignal) => Promise<number>>> = {
  direct: (narrator, stop) => runDemo(narrator, direct, { stop }),
  federated: (narrator, stop) => runDemo(narrator, federated, { stop }),
};

/**
 * Plays the flow that the command line names.
 *
 * @param args the command line without node and script
 * @returns the exit code: that of the demo, or 2 for a command line that cannot be followed
 */
export async function runCommand(args: readonly string[], { narrator, complain, stop }: CommandSurroundings): Promise<number> {
  try {
    return await PLAYS[readFlow(args)](narrator, stop);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(error.message);
    return 2;
  }
}
