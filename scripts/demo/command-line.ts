import { parseArgs } from "node:util";

const FLOWS = ["direct", "federated"] as const;

/** What the demo can play; the first is played when nothing is said. */
export type FlowName = (typeof FLOWS)[number];

/** How the demo is called. */
const USAGE: string = `Usage: demo [--flow ${FLOWS.join("|")}] [--app archive]

  --flow direct      an application with a certificate (default)
  --flow federated   a managed identity as leg 1, an application as leg 2
  --app archive      an app as it would be deployed, in place of the one that the build left
`;

/** What the command line says. */
export interface DemoArguments {
  readonly flow: FlowName;
  /** An archive of an app. */
  readonly app: string | undefined;
}

/** A command line that cannot be followed; the message says what is known. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads which flow is to be played, and with which app.
 *
 * @throws {UsageError}
 */
export function readArguments(args: readonly string[]): DemoArguments {
  // pnpm hands on the dashes that npm takes away
  const { flow = FLOWS[0], app } = parse(args[0] === "--" ? args.slice(1) : args);
  const known = FLOWS.find((one) => one === flow);
  if (known === undefined) throw usageError(`There is no flow "${flow}".`);
  if (app === "") throw usageError("--app needs the name of an archive.");
  return { flow: known, app };
}

function parse(args: readonly string[]): { readonly flow?: string; readonly app?: string } {
  try {
    return parseArgs({ args: [...args], options: { flow: { type: "string" }, app: { type: "string" } } }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node's further sentences are about positional arguments, which there are none of
    const [complaint = ""] = error.message.split(/\.\s/);
    throw usageError(`${complaint.replace(/\.$/, "")}.`, error);
  }
}

function usageError(complaint: string, cause?: Error): UsageError {
  return new UsageError(`${complaint}\n\n${USAGE}`, { cause });
}
