import type { HookContext } from "./hook-context.js";
import { HookError } from "./hook-error.js";
import { record, text } from "./rest-error.js";
import { runProgram } from "./run-program.js";

/** As `engines` of the packages have it. */
const NODE = [20, 19, 0] as const;

/** The first azd that runs hooks in TypeScript. @see https://github.com/Azure/azure-dev/blob/main/cli/azd/CHANGELOG.md */
const AZD = [1, 23, 15] as const;

const TIMEOUT_MS = 30_000;

/** Checks the programs that a deployment needs; azd's own login is used, so `az` is none of them. @throws {HookError} */
export async function checkTools({ say, signal }: HookContext, nodeVersion = process.versions.node): Promise<void> {
  if (isOlder(nodeVersion, NODE)) {
    throw new HookError(`Node is ${nodeVersion}; ${NODE.join(".")} or later is needed.`, "Install a current Node from https://nodejs.org.");
  }
  const azd = azdVersion(await runProgram("azd", ["version", "--output", "json"], { signal, timeoutMs: TIMEOUT_MS }));
  if (isOlder(azd, AZD)) {
    throw new HookError(
      `azd is ${azd || "of an unknown version"}; ${AZD.join(".")} or later is needed.`,
      "Update it: https://learn.microsoft.com/azure/developer/azure-developer-cli/install-azd.",
    );
  }
  say(`Tools: Node ${nodeVersion}, azd ${azd}.`);
}

function azdVersion(output: string): string {
  try {
    return text(record(record(JSON.parse(output))["azd"])["version"]);
  } catch {
    return "";
  }
}

/** Compares three numbers; what is no version is older. */
function isOlder(version: string, [major, minor, patch]: readonly [number, number, number]): boolean {
  const [, ...numbers] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  const [a = -1, b = 0, c = 0] = numbers.map(Number);
  return a !== major ? a < major : b !== minor ? b < minor : c < patch;
}
