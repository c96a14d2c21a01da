import { accessTokens } from "./access-token.js";
import { RESOURCE_MANAGER_SCOPE } from "./endpoints.js";
import type { HookContext } from "./hook-context.js";
import { RestClient } from "./rest-client.js";
import type { RestAdvice } from "./rest-error.js";

const ADVICE: RestAdvice = {
  AuthorizationFailed:
    "Your account needs a role on the subscription: Contributor for the resources and the provider registrations, and Role Based Access Control Administrator (or Owner) for the role assignments.",
  SubscriptionNotFound:
    "Check AZURE_SUBSCRIPTION_ID, and that azd is logged in to the subscription's tenant: `azd auth login --tenant-id <tenant>`.",
  InvalidSubscriptionId: "AZURE_SUBSCRIPTION_ID is no subscription id: `azd env set AZURE_SUBSCRIPTION_ID <id>`.",
  ReadOnlyDisabledSubscription: "The subscription is disabled; its owner can reactivate it in the portal, or choose another one.",
  "401": "Log in again: `azd auth login`, with `--tenant-id <tenant>` where you are a guest in the subscription's tenant.",
  "403": "Your account needs a role on the subscription, such as Contributor.",
};

/** Azure Resource Manager, with azd's login in a tenant. */
export function resourceManager(context: HookContext, tenantId?: string): RestClient {
  return new RestClient({
    service: "Azure Resource Manager",
    baseUrl: context.endpoints.resourceManager,
    token: accessTokens(context.credentialFor(tenantId), RESOURCE_MANAGER_SCOPE, tenantId),
    advice: ADVICE,
    context,
  });
}
