import { Agent } from "node:http";
import type { TokenCredential } from "@azure/core-auth";
import { detectManagedIdentitySource, type ManagedIdentityId } from "../index.js";
import { missing } from "./optional-package.js";

/** The client id of the app's identity; `AZURE_CLIENT_ID` is the application's. */
const CLIENT_ID = "MTLS_POP_MANAGED_IDENTITY_CLIENT_ID";
/** Where an emulated metadata service is; without it, only a request tells whether there is one. */
const METADATA_URL = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
/** Where the identity is asked, the first that is set; without any it is an address of this machine or its link. */
const ENDPOINTS = ["IDENTITY_ENDPOINT", "MSI_ENDPOINT", METADATA_URL] as const;

/**
 * What reads the vault unless the caller brings something: the host's managed identity where the environment tells of one, else
 * whatever `DefaultAzureCredential` finds, such as the developer's own login.
 *
 * @param identity @default what MTLS_POP_MANAGED_IDENTITY_CLIENT_ID names, else the system-assigned one
 * @throws {MtlsPopError} `package_missing`
 */
export async function defaultCredential(identity: ManagedIdentityId | undefined): Promise<TokenCredential> {
  const azureIdentity = import("@azure/identity").catch(missing("@azure/identity"));
  const { DefaultAzureCredential, ManagedIdentityCredential } = await azureIdentity;
  const { clientId, resourceId, objectId } = idOf(identity ?? identityOfEnvironment());
  const isHosted = detectManagedIdentitySource() !== "imds" || Boolean(process.env[METADATA_URL]);
  // DefaultAzureCredential takes no object id
  if (isHosted || objectId !== undefined) return managedIdentity();
  if (resourceId !== undefined) return new DefaultAzureCredential({ managedIdentityResourceId: resourceId });
  // empty and not absent: it would take AZURE_CLIENT_ID, which is the application's, for the identity's
  return new DefaultAzureCredential({ managedIdentityClientId: clientId ?? "" });

  function managedIdentity(): TokenCredential {
    // the SDK leads plain http to the environment's proxy too, unless it is given an agent
    const way = isPlain() ? { agent: new Agent() } : {};
    if (clientId !== undefined) return new ManagedIdentityCredential({ ...way, clientId });
    if (resourceId !== undefined) return new ManagedIdentityCredential({ ...way, resourceId });
    if (objectId !== undefined) return new ManagedIdentityCredential({ ...way, objectId });
    return new ManagedIdentityCredential(way);
  }
}

/** Whether the identity is asked over http: not in Service Fabric, nor where a federated token is exchanged in its place. */
function isPlain(): boolean {
  const endpoint = ENDPOINTS.map((name) => process.env[name]).find(Boolean) ?? "http:";
  return /^http:/i.test(endpoint) && !process.env["AZURE_FEDERATED_TOKEN_FILE"];
}

function identityOfEnvironment(): ManagedIdentityId {
  const userAssignedClientId = process.env[CLIENT_ID]?.trim();
  return userAssignedClientId ? { userAssignedClientId } : "system-assigned";
}

/** The identity in the words of `@azure/identity`. */
function idOf(identity: ManagedIdentityId): { clientId?: string; resourceId?: string; objectId?: string } {
  if (identity === "system-assigned") return {};
  if ("userAssignedClientId" in identity) return { clientId: identity.userAssignedClientId };
  if ("userAssignedResourceId" in identity) return { resourceId: identity.userAssignedResourceId };
  return { objectId: identity.userAssignedObjectId };
}
