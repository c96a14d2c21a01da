import { unpackedApp } from "../deployment/app-package.js";
import { type FlowName, readArguments, UsageError } from "./command-line.js";
import { direct } from "./direct-story.js";
import { federated } from "./federated-story.js";
import type { Narrator } from "./narrator.js";
import { type DemoOptions, runDemo } from "./run-demo.js";

/** What the demo's command has of the process around it. */
export interface CommandSurroundings {
  readonly narrator: Narrator;
  /** Takes what is said of a command line that cannot be followed. */
  complain(text: string): void;
  /** Ends the demo early. */
  readonly stop: AbortSignal;
}

type Hosted = Pick<DemoOptions<never>, "appRoot" | "stop">;

const PLAYS: Readonly<Record<FlowName, (narrator: Narrator, hosted: Hosted) => Promise<number>>> = {
  direct: (narrator, hosted) => runDemo(narrator, direct, hosted),
  federated: (narrator, hosted) => runDemo(narrator, federated, hosted),
};

/**
 * Plays the flow that the command line names.
 *
 * @param args the command line without node and script
 * @returns the exit code: that of the demo, or 2 for a command line that cannot be followed
 */
export async function runCommand(args: readonly string[], { narrator, complain, stop }: CommandSurroundings): Promise<number> {
  try {
    const { flow, app } = readArguments(args);
    if (app === undefined) return await PLAYS[flow](narrator, { stop });
    await using unpacked = await unpackedApp(app);
    return await PLAYS[flow](narrator, { appRoot: unpacked.appRoot, stop });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(error.message);
    return 2;
  }
}
