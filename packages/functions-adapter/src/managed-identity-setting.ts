import type { ManagedIdentityId } from "@mtls-pop/core";
import { type Environment, IDENTITY_SETTINGS, setting } from "./settings.js";

/** What an id becomes that one of {@link IDENTITY_SETTINGS} names a user-assigned identity by. */
const IDENTITIES: Readonly<Record<(typeof IDENTITY_SETTINGS)[number], (id: string) => ManagedIdentityId>> = {
  MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: (id) => ({ userAssignedClientId: id }),
  MTLS_POP_MANAGED_IDENTITY_RESOURCE_ID: (id) => ({ userAssignedResourceId: id }),
  MTLS_POP_MANAGED_IDENTITY_OBJECT_ID: (id) => ({ userAssignedObjectId: id }),
};

/** The user-assigned identity that the settings name; `undefined` when they name none. */
export function managedIdentityOf(env: Environment): ManagedIdentityId | undefined {
  const name = IDENTITY_SETTINGS.find((one) => setting(env, one));
  return name && IDENTITIES[name](setting(env, name) ?? "");
}
