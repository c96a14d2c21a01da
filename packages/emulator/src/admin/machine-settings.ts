import type { InstanceMetadata } from "../instance-metadata/instance-metadata.js";
import type { ManagedIdentities } from "../managed-identity/managed-identities.js";
import { assertKnownOptions } from "../options/known-options.js";

/** What `/machine` shows and changes of the emulated machine. */
export type MachineSettings = Pick<ManagedIdentities, "imdsVersion" | "attestation" | "certificateLifeSeconds" | "systemAssignedEnabled"> &
  Pick<InstanceMetadata, "location" | "azEnvironment" | "osType" | "securityType" | "vmId" | "vmssId">;

/** Where the settings live. */
export interface Machine {
  readonly managedIdentities: ManagedIdentities;
  readonly instanceMetadata: InstanceMetadata;
}

const isText = (value: unknown): value is string => typeof value === "string";

/** Reads the settings. */
export function machineSettings({ managedIdentities, instanceMetadata }: Machine): MachineSettings {
  const { imdsVersion, attestation, certificateLifeSeconds, systemAssignedEnabled } = managedIdentities;
  const { location, azEnvironment, osType, securityType, vmId, vmssId } = instanceMetadata;
  return {
    imdsVersion,
    attestation,
    certificateLifeSeconds,
    systemAssignedEnabled,
    location,
    azEnvironment,
    osType,
    securityType,
    vmId,
    vmssId,
  };
}

/** What each setting takes. */
const RULES: Readonly<Record<keyof MachineSettings, readonly [expected: string, test: (value: unknown) => boolean]>> = {
  imdsVersion: ["1 or 2", (value) => value === 1 || value === 2],
  attestation: ['"required" or "optional"', (value) => value === "required" || value === "optional"],
  certificateLifeSeconds: ["a whole number", Number.isInteger],
  systemAssignedEnabled: ["true or false", (value) => typeof value === "boolean"],
  location: ["a string", isText],
  azEnvironment: ["a string", isText],
  osType: ["a string", isText],
  securityType: ["a string", isText],
  vmId: ["a string", isText],
  vmssId: ["a string", isText],
};

/**
 * Changes the settings that are named.
 *
 * @throws {TypeError} which names the setting and what it takes
 */
export function changeMachine(machine: Machine, changes: unknown): void {
  assertChanges(changes);
  const { imdsVersion, attestation, certificateLifeSeconds, systemAssignedEnabled, ...compute } = {
    ...machineSettings(machine),
    ...changes,
  };
  Object.assign(machine.managedIdentities, { imdsVersion, attestation, certificateLifeSeconds, systemAssignedEnabled });
  Object.assign(machine.instanceMetadata, compute);
}

function assertChanges(changes: unknown): asserts changes is Partial<MachineSettings> {
  if (typeof changes !== "object" || changes === null) throw new TypeError("The machine's settings are an object.");
  assertKnownOptions("/machine", changes, Object.keys(RULES));
  for (const [name, [expected, test]] of Object.entries(RULES)) {
    if (Object.hasOwn(changes, name) && !test(Reflect.get(changes, name))) throw new TypeError(`The machine's \`${name}\` is ${expected}.`);
  }
}
