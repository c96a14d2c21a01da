import { accessTokens } from "./access-token.js";
import { GRAPH_SCOPE } from "./endpoints.js";
import type { HookContext } from "./hook-context.js";
import { RestClient } from "./rest-client.js";
import type { RestAdvice } from "./rest-error.js";

const ADVICE: RestAdvice = {
  Authorization_RequestDenied:
    "Registering an application needs the directory's default permission for its members, or the role Application Developer; changing one needs to be its owner, or the role Cloud Application Administrator (a service principal: the permission Application.ReadWrite.OwnedBy). An administrator may make the registration instead; name it with `azd env set APPLICATION_CLIENT_ID <client id>`.",
  CredentialInvalidLifetimeAsPerAppPolicy:
    "The tenant's app management policy limits how long a certificate may last: `azd env set CERTIFICATE_VALIDITY_MONTHS <months>`, then make a new version of it.",
  KeyCredentialsInvalidEndDate: "The certificate has expired, or ends after the policy's limit: make a new version of it in the vault.",
  Directory_QuotaExceeded: "The directory takes no more objects of yours: delete registrations that nobody uses, or ask an administrator.",
  Request_MultipleObjectsWithSameKeyValue:
    "Something else has what may be there once only: look at the app registration's federated credentials in the portal, and remove the one that is in the way.",
  InvalidAuthenticationToken: "Log in again: `azd auth login`.",
  "401": "Log in again: `azd auth login`.",
  "403": "Your account needs a role in the directory, such as Cloud Application Administrator.",
};

/** Microsoft Graph 1.0, with azd's login in a tenant. */
export function graph(context: HookContext, tenantId: string): RestClient {
  return new RestClient({
    service: "Microsoft Graph",
    baseUrl: `${context.endpoints.graph}/v1.0`,
    token: accessTokens(context.credentialFor(tenantId), GRAPH_SCOPE, tenantId),
    advice: ADVICE,
    context,
  });
}
