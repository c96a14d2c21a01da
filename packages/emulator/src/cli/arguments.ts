import { parseArgs } from "node:util";
import { isObjectName } from "../resources/key-vault-objects.js";

const FORMATS = ["dotenv", "json"] as const;

/** How the environment is printed. */
export type OutputFormat = (typeof FORMATS)[number];

const CREDENTIALS = ["certificate", "managed-identity", "federated"] as const;

/** How the app gets its tokens. */
export type LocalCredential = (typeof CREDENTIALS)[number];

/** What the command line asks for. */
export interface CliArguments {
  readonly format: OutputFormat;
  readonly credential: LocalCredential;
  readonly secrets: Readonly<Record<string, string>>;
  readonly directory?: string;
}

/** What is put into the vault when nothing else is asked for. */
const DEFAULT_SECRETS: CliArguments["secrets"] = { "my-secret": "A bound token has read this." };

/** A command line that cannot be followed; the message says what is known. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads the command line.
 *
 * @returns what to start, or which text to print instead
 * @throws {UsageError}
 */
export function readArguments(args: readonly string[]): CliArguments | "help" | "version" {
  const { help, version, format = "dotenv", credential = "certificate", secret = [], directory } = parse(args);
  if (help) return "help";
  if (version) return "version";
  const known = FORMATS.find((one) => one === format);
  if (known === undefined) throw new UsageError(`--format takes ${FORMATS.join(" or ")}, not "${format}".`);
  const knownCredential = CREDENTIALS.find((one) => one === credential);
  if (knownCredential === undefined) {
    throw new UsageError(`--credential takes ${CREDENTIALS.slice(0, -1).join(", ")} or ${CREDENTIALS.at(-1)}, not "${credential}".`);
  }
  if (directory === "") throw new UsageError("--directory takes a folder.");
  const secrets = secret.length === 0 ? DEFAULT_SECRETS : Object.fromEntries(secret.map(readSecret));
  return { format: known, credential: knownCredential, secrets, ...(directory !== undefined && { directory }) };
}

const OPTIONS = {
  credential: { type: "string" },
  directory: { type: "string" },
  secret: { type: "string", multiple: true },
  format: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

/** What `parseArgs` gives for the options above. */
interface ParsedOptions {
  readonly credential?: string;
  readonly directory?: string;
  readonly secret?: string[];
  readonly format?: string;
  readonly help?: boolean;
  readonly version?: boolean;
}

function parse(args: readonly string[]): ParsedOptions {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node's further sentences are about positional arguments, which there are none of
    const [complaint = ""] = error.message.split(/\.\s/);
    const known = Object.keys(OPTIONS).map((name) => `--${name}`);
    throw new UsageError(`${complaint.replace(/\.$/, "")}. Known: ${known.join(", ")}.`, { cause: error });
  }
}

function readSecret(text: string): [name: string, value: string] {
  const separator = text.indexOf("=");
  if (separator < 0) throw new UsageError(`--secret takes name=value, not "${text}".`);
  const name = text.slice(0, separator);
  if (!isObjectName(name)) throw new UsageError(`--secret takes a name of letters, digits and dashes, not "${name}".`);
  return [name, text.slice(separator + 1)];
}
