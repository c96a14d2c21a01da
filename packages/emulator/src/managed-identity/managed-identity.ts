import { randomUUID } from "node:crypto";

/** A managed identity of the emulated machine. */
export interface ManagedIdentity {
  readonly kind: "SystemAssigned" | "UserAssigned";
  /** The `client_id` of its token requests, and the `appid` of its tokens. */
  readonly clientId: string;
  /** Of its service principal: the `oid` and `sub` of its tokens, and the subject of a federated credential. */
  readonly objectId: string;
  /** ARM id; of the machine for the system-assigned one. */
  readonly resourceId: string;
  readonly tenantId: string;
}

/** A user-assigned identity as a test registers it. */
export interface ManagedIdentityOptions {
  /** @default a new GUID */
  readonly clientId?: string;
  /** @default a new GUID */
  readonly objectId?: string;
  /** @default an ARM id with the client id as its name */
  readonly resourceId?: string;
  /** A tenant that the emulator serves. @default the emulator's */
  readonly tenantId?: string;
}

const SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/emulator/providers";
const OPTIONS = ["clientId", "objectId", "resourceId", "tenantId"] as const satisfies (keyof ManagedIdentityOptions)[];

/**
 * Checks an identity that came as JSON or from a caller without types.
 *
 * @throws {TypeError} which names the field and what it takes
 */
export function assertManagedIdentityOptions(value: unknown): asserts value is ManagedIdentityOptions {
  if (typeof value !== "object" || value === null) throw new TypeError("A managed identity is an object.");
  for (const [name, option] of Object.entries(value)) {
    if (!OPTIONS.some((known) => known === name)) {
      throw new TypeError(`A managed identity has no \`${name}\`. Known: ${OPTIONS.join(", ")}.`);
    }
    if (option !== undefined && (typeof option !== "string" || option === "")) {
      throw new TypeError(`A managed identity's \`${name}\` is a non-empty string.`);
    }
  }
}

/** The identity that belongs to the machine itself. */
export function systemAssignedIdentity(tenantId: string): ManagedIdentity {
  return {
    kind: "SystemAssigned",
    clientId: randomUUID(),
    objectId: randomUUID(),
    resourceId: `${SUBSCRIPTION}/Microsoft.Compute/virtualMachines/emulated`,
    tenantId,
  };
}

/** An identity that is attached to the machine. */
export function userAssignedIdentity(options: ManagedIdentityOptions, tenantId: string): ManagedIdentity {
  const { clientId = randomUUID(), objectId = randomUUID() } = options;
  return {
    kind: "UserAssigned",
    clientId,
    objectId,
    resourceId: options.resourceId ?? `${SUBSCRIPTION}/Microsoft.ManagedIdentity/userAssignedIdentities/${clientId}`,
    tenantId: options.tenantId ?? tenantId,
  };
}
