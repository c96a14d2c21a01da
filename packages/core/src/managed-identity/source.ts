import { existsSync } from "node:fs";
import { assertArguments, environment, type OptionRule } from "../internal/options.js";
import { IMDS_URL_VARIABLE } from "./imds-request.js";

interface SourceFacts {
  readonly source: string;
  /** For messages. */
  readonly name: string;
  /** Environment variables that tell it, all of them set. */
  readonly variables: readonly string[];
  /** A file of its agent that tells it as well. */
  readonly agentPath?: string;
}

/** In the order that they are looked for. @see PROTOCOL.md section 5 */
const SOURCES = [
  {
    source: "service-fabric",
    name: "Service Fabric",
    variables: ["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT"],
  },
  { source: "app-service", name: "App Service / Functions", variables: ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"] },
  { source: "azure-ml", name: "Azure Machine Learning", variables: ["MSI_ENDPOINT", "MSI_SECRET"] },
  { source: "cloud-shell", name: "Cloud Shell", variables: ["MSI_ENDPOINT"] },
  { source: "azure-arc", name: "Azure Arc", variables: ["IDENTITY_ENDPOINT", "IMDS_ENDPOINT"], agentPath: "/opt/azcmagent/bin/himds" },
] as const;

/** Where the identity of a virtual machine or scale set comes from, and what is left when nothing else is found. */
const IMDS = { source: "imds", name: "the instance metadata service", variables: [] } as const;

/** Where a host's managed identity comes from. */
export type ManagedIdentitySource = (typeof SOURCES)[number]["source"] | typeof IMDS.source;

/** A source that was found, and by what. */
export interface FoundSource {
  readonly source: ManagedIdentitySource;
  /** The source in words, with what told it, e.g. `Azure Arc (IDENTITY_ENDPOINT and IMDS_ENDPOINT are set)`. */
  readonly description: string;
}

/** The option `env` as a rule for those who take it: every variable that a managed identity is found by. */
export const identityEnvironment: OptionRule = environment(...SOURCES.flatMap(({ variables }) => variables), IMDS_URL_VARIABLE);

const agents = new Map<string, boolean>();

/** Looked at once: no agent is installed beneath a running process, and a cached token is not worth a look at the disk. */
function agentExists(path: string): boolean {
  const known = agents.get(path) ?? existsSync(path);
  agents.set(path, known);
  return known;
}

/**
 * Finds the source by the environment as it is now; an empty variable is none.
 *
 * @param fileExists for tests
 */
export function findSource(env: Readonly<NodeJS.ProcessEnv>, fileExists: (path: string) => boolean = agentExists): FoundSource {
  for (const facts of SOURCES) {
    const { source, name, variables }: SourceFacts & { source: ManagedIdentitySource } = facts;
    if (variables.every((variable) => env[variable])) return { source, description: `${name} (${variables.join(" and ")} set)` };
    const agentPath = "agentPath" in facts ? facts.agentPath : undefined;
    if (agentPath && fileExists(agentPath)) return { source, description: `${name} (${agentPath} exists)` };
  }
  return { source: IMDS.source, description: IMDS.name };
}

/**
 * Says where this host's managed identity comes from, by environment variables and the Azure Arc agent's file alone: nobody is asked.
 *
 * `"imds"` is what is left when nothing else is found, also off Azure; only there can bound tokens come from, see
 * {@link managedIdentityCapabilities}.
 *
 * @param env @default `process.env`
 * @returns the first that is found, in the order service-fabric, app-service, azure-ml, cloud-shell, azure-arc, imds
 * @throws {MtlsPopError} `invalid_options`
 * @example
 * ```ts
 * if (detectManagedIdentitySource() === "app-service") console.log("Bearer tokens only");
 * ```
 */
export function detectManagedIdentitySource(env: Readonly<NodeJS.ProcessEnv> = process.env): ManagedIdentitySource {
  assertArguments("detectManagedIdentitySource", { env }, {}, { env: identityEnvironment });
  return findSource(env).source;
}
