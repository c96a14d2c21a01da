import { type OptionRule, record } from "../internal/options.js";

/** Which managed identity of the host is meant; a host has one that is its own and any number that were assigned to it. */
export type ManagedIdentityId =
  | "system-assigned"
  | { readonly userAssignedClientId: string }
  | { readonly userAssignedResourceId: string }
  | { readonly userAssignedObjectId: string };

/** The endpoints that take an identity, each with names of its own for it. */
export type IdentityEndpoint = "imds-v1" | "imds-v2" | "app-service";

type UserAssignedName = "userAssignedClientId" | "userAssignedResourceId" | "userAssignedObjectId";

/** How each endpoint calls what names an identity. @see PROTOCOL.md section 5 */
const PARAMETERS = {
  userAssignedClientId: { "imds-v1": "client_id", "imds-v2": "client_id", "app-service": "client_id" },
  userAssignedResourceId: { "imds-v1": "msi_res_id", "imds-v2": "mi_res_id", "app-service": "mi_res_id" },
  userAssignedObjectId: { "imds-v1": "object_id", "imds-v2": "object_id", "app-service": "principal_id" },
} as const satisfies Record<UserAssignedName, Record<IdentityEndpoint, string>>;

/** Room for the longest resource id, in characters. */
const MAX_LENGTH = 1000;

/** The option `identity` as a rule for those who take it. */
export const identityRule: OptionRule = {
  expected:
    '"system-assigned", { userAssignedClientId }, { userAssignedResourceId } or { userAssignedObjectId }, with one id without blanks',
  test: (value) => value === "system-assigned" || (record.test(value) && isUserAssigned(Object.entries(Object(value)))),
};

function isUserAssigned([only, ...more]: readonly [string, unknown][]): boolean {
  if (!only || more.length > 0) return false;
  const [name, id] = only;
  return Object.hasOwn(PARAMETERS, name) && typeof id === "string" && id.length <= MAX_LENGTH && /^[^\s\p{Cc}]+$/u.test(id);
}

/** An identity as it is passed around in here: taken apart once, whatever becomes of the caller's object. */
export class Identity {
  /** Tells identities apart in the keys of caches; holds no blank. As given, since letters outside ASCII may lower-case into it. */
  readonly key: string;
  /** The id that names it, in the form that the user gave; `undefined` for the host's own. */
  readonly #userAssigned: { readonly name: UserAssignedName; readonly id: string } | undefined;

  /** @param id checked by {@link identityRule} */
  constructor(id: ManagedIdentityId) {
    this.#userAssigned = userAssigned(id);
    this.key = this.#userAssigned ? `${this.#userAssigned.name}=${this.#userAssigned.id}` : "system-assigned";
    Object.freeze(this);
  }

  /** The client id that the user named, if the identity was named by it. */
  get clientId(): string | undefined {
    return this.#userAssigned?.name === "userAssignedClientId" ? this.#userAssigned.id : undefined;
  }

  /** The query parameter that names this identity to an endpoint; none for the host's own. */
  query(endpoint: IdentityEndpoint): Record<string, string> {
    return this.#userAssigned ? { [PARAMETERS[this.#userAssigned.name][endpoint]]: this.#userAssigned.id } : {};
  }

  /** In words, for messages. */
  describe(): string {
    return this.#userAssigned ? `the user-assigned identity ${this.#userAssigned.id}` : "the system-assigned identity";
  }
}

function userAssigned(id: ManagedIdentityId): { name: UserAssignedName; id: string } | undefined {
  if (id === "system-assigned") return undefined;
  if ("userAssignedClientId" in id) return { name: "userAssignedClientId", id: id.userAssignedClientId };
  if ("userAssignedResourceId" in id) return { name: "userAssignedResourceId", id: id.userAssignedResourceId };
  return { name: "userAssignedObjectId", id: id.userAssignedObjectId };
}
