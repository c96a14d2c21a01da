import type { ManagedIdentities } from "./managed-identities.js";
import type { ManagedIdentity } from "./managed-identity.js";

/** An endpoint that gives tokens or certificates to managed identities. */
export type IdentityEndpoint = "imds-v1" | "imds-v2" | "app-service";

/** Which id of an identity each query parameter of an endpoint names. @see PROTOCOL.md section 5 */
const PARAMETERS: Readonly<Record<IdentityEndpoint, Readonly<Record<string, keyof ManagedIdentity>>>> = {
  "imds-v1": { client_id: "clientId", object_id: "objectId", msi_res_id: "resourceId" },
  "imds-v2": { client_id: "clientId", object_id: "objectId", mi_res_id: "resourceId" },
  // "object_id" is another word for it there, and the one that MSAL says
  "app-service": { client_id: "clientId", principal_id: "objectId", object_id: "objectId", mi_res_id: "resourceId" },
};

/** Every name that means an identity to some endpoint. */
const NAMES = ["client_id", "object_id", "principal_id", "mi_res_id", "msi_res_id"];

/** Why a query names no identity. */
export type NoIdentity =
  /** A parameter that means an identity to other endpoints, or two at once. */
  | { readonly refusal: "malformed"; readonly detail: string }
  /** An identity that the machine does not have. */
  | { readonly refusal: "unknown" }
  /** None was named, and several could be meant. */
  | { readonly refusal: "ambiguous" };

/**
 * Finds the identity that a query names: by its parameter, else the machine's own, else the only one attached.
 *
 * The originals overlook a parameter that they do not know and answer for the machine's own identity; here it is refused, since
 * it is a mistake.
 */
export function identityOf(
  endpoint: IdentityEndpoint,
  query: Readonly<Record<string, string>>,
  identities: ManagedIdentities,
): ManagedIdentity | NoIdentity {
  const parameters = PARAMETERS[endpoint];
  const [name, ...others] = NAMES.filter((known) => query[known] !== undefined);
  if (others.length > 0) {
    return { refusal: "malformed", detail: `More than one identity is specified: ${[name, ...others].join(", ")}` };
  }
  if (name === undefined) return unnamedIdentity(identities);
  const member = parameters[name];
  if (member === undefined) {
    const detail = `The parameter '${name}' is not supported here; an identity is specified by ${Object.keys(parameters).join(", ")}`;
    return { refusal: "malformed", detail };
  }
  const value = query[name]?.toLowerCase();
  // the machine's own identity has a client id too, and is found by it
  return [...identities].find((identity) => identity[member].toLowerCase() === value) ?? { refusal: "unknown" };
}

function unnamedIdentity(identities: ManagedIdentities): ManagedIdentity | NoIdentity {
  if (identities.systemAssignedEnabled) return identities.systemAssigned;
  const [only, ...others] = identities;
  if (only === undefined) return { refusal: "unknown" };
  return others.length === 0 ? only : { refusal: "ambiguous" };
}
