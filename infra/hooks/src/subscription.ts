import type { HookContext } from "./hook-context.js";
import { HookError } from "./hook-error.js";
import { resourceManager } from "./resource-manager.js";
import { needed, RestError, text } from "./rest-error.js";

const API_VERSION = "2022-12-01";

/** States in which resources can be made. @see https://learn.microsoft.com/azure/cost-management-billing/manage/subscription-states */
const USABLE: ReadonlySet<string> = new Set(["Enabled", "Warned", "PastDue"]);

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface Subscription {
  readonly id: string;
  readonly tenantId: string;
  readonly displayName: string;
}

/** Whether a text is a GUID; ids become parts of paths. */
export function isGuid(value: string): boolean {
  return GUID.test(value);
}

/**
 * Finds the subscription with azd's login, and with it the tenant: the login's own need not be the subscription's.
 *
 * @throws {HookError} when nobody is logged in, the subscription is not seen, or it takes no resources
 */
export async function findSubscription(context: HookContext): Promise<Subscription> {
  const id = context.environment.require("subscriptionId");
  if (!isGuid(id))
    throw new HookError(`AZURE_SUBSCRIPTION_ID is "${id}", which is no GUID.`, "Set it: `azd env set AZURE_SUBSCRIPTION_ID <id>`.");
  const body = await readSubscription(context, id);
  const state = text(body["state"]);
  if (!USABLE.has(state)) {
    throw new HookError(
      `The subscription "${text(body["displayName"])}" is ${state || "in no known state"}, and takes no resources.`,
      "Reactivate it in the portal, or choose another one with `azd env set AZURE_SUBSCRIPTION_ID <id>`.",
    );
  }
  return { id, tenantId: needed(body, "tenantId", "Azure Resource Manager"), displayName: text(body["displayName"]) };
}

async function readSubscription(context: HookContext, id: string): Promise<Readonly<Record<string, unknown>>> {
  const path = `/subscriptions/${id}?api-version=${API_VERSION}`;
  try {
    return (await resourceManager(context).request({ path })).body;
  } catch (error) {
    // the token was one of the login's own tenant; the challenge names the subscription's
    const tenantId = error instanceof RestError && error.status === 401 ? tenantOf(error.challenge) : undefined;
    if (tenantId === undefined) throw error;
    return (await resourceManager(context, tenantId).request({ path })).body;
  }
}

/** The tenant of `authorization_uri="https://login.windows.net/{tenant}"`. */
function tenantOf(challenge: string): string | undefined {
  const tenantId = /authorization_uri="?https:\/\/[^/"]+\/([^/",]+)/.exec(challenge)?.[1];
  return tenantId !== undefined && isGuid(tenantId) ? tenantId : undefined;
}
