import { parseArgs } from "node:util";

const FLOWS = ["direct", "federated"] as const;

/** What the demo can play; the first is played when nothing is said. */
export type FlowName = (typeof FLOWS)[number];

/** How the demo is called. */
const USAGE: string = `Usage: demo [--flow ${FLOWS.join("|")}]

  --flow direct      an application with a certificate (default)
  --flow federated   a managed identity as leg 1, an application as leg 2
`;

/** A command line that cannot be followed; the message says what is known. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads which flow is to be played.
 *
 * @throws {UsageError}
 */
export function readFlow(args: readonly string[]): FlowName {
  // pnpm hands on the dashes that npm takes away
  const { flow = FLOWS[0] } = parse(args[0] === "--" ? args.slice(1) : args);
  const known = FLOWS.find((one) => one === flow);
  if (known === undefined) throw usageError(`There is no flow "${flow}".`);
  return known;
}

function parse(args: readonly string[]): { readonly flow?: string } {
  try {
    return parseArgs({ args: [...args], options: { flow: { type: "string" } } }).values;
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
