import { randomUUID } from "node:crypto";
import { isMtlsPopError } from "../errors.js";
import { type Clock, clockRule, systemClock } from "../internal/clock.js";
import { abortSignal, assertOptions, callable, type OptionRule } from "../internal/options.js";
import { Transport, type TransportOptions, transportRule } from "../transport/transport-options.js";
import type { AttestationProvider } from "./attestation.js";
import { type ComputeMetadata, readComputeMetadata } from "./compute-metadata.js";
import { type ImdsCall, ImdsClient } from "./imds-request.js";
import { Identity, identityRule, type ManagedIdentityId } from "./managed-identity-id.js";
import { fetchPlatformMetadata } from "./platform-metadata.js";
import { findSource, identityEnvironment, type ManagedIdentitySource } from "./source.js";

/** Whose machines Azure issues certificates to today. @see PROTOCOL.md section 5, "Who can do this today" */
const TODAY = { osType: "windows", securityTypes: new Set(["trustedlaunch", "confidentialvm"]) } as const;

/** What a host can do for a managed identity. */
export interface ManagedIdentityCapabilities {
  /** Where its identity comes from. */
  readonly source: ManagedIdentitySource;
  /** `Windows` or `Linux`, where the metadata service says so. */
  readonly osType?: string;
  /** `TrustedLaunch` or `ConfidentialVM`; absent where the metadata service names none. */
  readonly securityType?: string;
  /** Of the instance metadata service; absent where it was not asked or did not tell. */
  readonly imdsVersion?: 1 | 2;
  /** Whether nothing is missing, by what Azure asks for today; it has the last word when a token is asked for. */
  readonly canAcquireBoundTokens: boolean;
  /** What stands in the way of bound tokens, each in words. */
  readonly missing: readonly string[];
}

/** As the application that is to be made would have them. */
export interface ManagedIdentityCapabilitiesOptions {
  /** @default "system-assigned" */
  identity?: ManagedIdentityId;
  /** Not called: a host needs one, so its absence is among what is missing. @default none */
  attestation?: AttestationProvider;
  transport?: TransportOptions;
  /** @default `process.env` */
  env?: Readonly<NodeJS.ProcessEnv>;
  /** For tests. @default the system's */
  clock?: Clock;
  signal?: AbortSignal;
}

const RULES = {
  identity: identityRule,
  attestation: callable,
  transport: transportRule,
  env: identityEnvironment,
  clock: clockRule,
  signal: abortSignal,
} satisfies Record<keyof ManagedIdentityCapabilitiesOptions, OptionRule>;

/**
 * Says beforehand whether this host can acquire bound tokens by managed identity, and what is missing. The metadata service is asked what
 * the machine is and which version it has; no token and no certificate is.
 *
 * Off Azure the answer takes some 15 s, since the service's address is asked as often as its retry table says.
 *
 * @throws {MtlsPopError} `invalid_options`, `settings_invalid`; the signal's reason when aborted
 * @example
 * ```ts
 * const { canAcquireBoundTokens, missing } = await managedIdentityCapabilities();
 * if (!canAcquireBoundTokens) console.warn(`No bound tokens here. Missing: ${missing.join("; ")}`);
 * ```
 * @see PROTOCOL.md section 5
 */
export async function managedIdentityCapabilities(options: ManagedIdentityCapabilitiesOptions = {}): Promise<ManagedIdentityCapabilities> {
  assertOptions("managedIdentityCapabilities", options, RULES);
  const { identity = "system-assigned", attestation, env = process.env, clock = systemClock, signal } = options;
  signal?.throwIfAborted();
  const { source, description } = findSource(env);
  if (source !== "imds") {
    const missing = [`a virtual machine or scale set: this host's identity comes from ${description}, which issues no certificates`];
    return { source, canAcquireBoundTokens: false, missing };
  }
  const imds = new ImdsClient({ transport: new Transport(options.transport), clock, env });
  const call = { correlationId: randomUUID(), signal };
  const [machine, service] = await Promise.all([machineOf(imds, call), serviceOf(imds, new Identity(identity), { ...call, clock })]);
  const missing = service.reached ? [...service.missing, ...missingOf(machine)] : service.missing;
  if (!attestation) missing.push("an attestation of the key: pass `attestation`, and as `bindingKey` the key that it attests");
  return {
    source,
    ...(machine.osType !== undefined && { osType: machine.osType }),
    ...(machine.securityType !== undefined && { securityType: machine.securityType }),
    ...(service.version !== undefined && { imdsVersion: service.version }),
    canAcquireBoundTokens: missing.length === 0,
    missing,
  };
}

/** The machine, as far as the service tells; whether it can be reached, and makes sense, is found out by the other call. */
async function machineOf(imds: ImdsClient, call: ImdsCall): Promise<ComputeMetadata> {
  try {
    return await readComputeMetadata(imds, call);
  } catch (error) {
    if (isUnreachable(error) || (isMtlsPopError(error) && error.code === "invalid_managed_identity_response")) return {};
    throw error;
  }
}

interface Service {
  readonly reached: boolean;
  readonly version?: 1 | 2;
  readonly missing: string[];
}

async function serviceOf(imds: ImdsClient, identity: Identity, { clock, ...call }: ImdsCall & { clock: Clock }): Promise<Service> {
  try {
    await fetchPlatformMetadata(imds, identity, { ...call, nowMs: () => clock.now() });
    return { reached: true, version: 2, missing: [] };
  } catch (error) {
    if (!isMtlsPopError(error) || error.code === "settings_invalid") throw error;
    if (isUnreachable(error)) return { reached: false, missing: [`an instance metadata service: ${error.message}`] };
    if (error.code === "mtls_pop_token_not_supported_in_imds_v1") {
      return { reached: true, version: 1, missing: ["the second version of the instance metadata service, which issues certificates"] };
    }
    // a refusal with reasons is the second version's: the first does not know the call
    const knowsTheCall = error.code === "managed_identity_error" && !error.retryable;
    return {
      reached: true,
      ...(knowsTheCall && { version: 2 }),
      missing: [`platform metadata of ${identity.describe()}: ${error.message}`],
    };
  }
}

function isUnreachable(error: unknown): boolean {
  return isMtlsPopError(error) && (error.code === "timeout" || error.code === "network_error");
}

function missingOf({ osType, securityType }: ComputeMetadata): string[] {
  const missing: string[] = [];
  if (osType?.toLowerCase() !== TODAY.osType) {
    missing.push(`Windows: Azure issues certificates to Windows machines only today, and this one's system is ${osType ?? "not known"}`);
  }
  if (!TODAY.securityTypes.has(securityType?.toLowerCase() ?? "")) {
    missing.push(`the security type TrustedLaunch or ConfidentialVM: this machine's is ${securityType ?? "not named"}`);
  }
  return missing;
}
