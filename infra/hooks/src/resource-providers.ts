import { eventually } from "./eventually.js";
import type { HookContext } from "./hook-context.js";
import type { RestClient } from "./rest-client.js";
import { text } from "./rest-error.js";

const API_VERSION = "2021-04-01";

/** Ten minutes at the usual pace; a registration takes one or two. */
const TRIES = 60;

/** The resource providers of what infra/main.bicep makes. */
const PROVIDERS: readonly { readonly namespace: string; readonly for: string; readonly inPrivateNetwork?: true }[] = [
  { namespace: "Microsoft.Web", for: "the function app and its plan" },
  { namespace: "Microsoft.KeyVault", for: "the vaults" },
  { namespace: "Microsoft.ManagedIdentity", for: "the app's identity" },
  { namespace: "Microsoft.Storage", for: "the deployment container" },
  { namespace: "Microsoft.OperationalInsights", for: "the log workspace" },
  { namespace: "Microsoft.Insights", for: "Application Insights and diagnostic settings" },
  { namespace: "Microsoft.Network", for: "the network and its private endpoints", inPrivateNetwork: true },
  // Flex Consumption delegates the app's subnet to it
  { namespace: "Microsoft.App", for: "the app's way into the network", inPrivateNetwork: true },
];

/**
 * Registers the providers that the subscription has not registered, and waits until they are.
 *
 * @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
 */
export async function registerProviders(context: HookContext, resourceManager: RestClient, subscriptionId: string): Promise<void> {
  const isPrivate = context.environment.get("privateNetwork") === "true";
  const wanted = PROVIDERS.filter(({ inPrivateNetwork }) => isPrivate || !inPrivateNetwork);
  const path = (namespace: string, action = "") =>
    `/subscriptions/${subscriptionId}/providers/${namespace}${action}?api-version=${API_VERSION}`;
  const isRegistered = async (namespace: string): Promise<true | undefined> => {
    const { body } = await resourceManager.request({ path: path(namespace) });
    return text(body["registrationState"]) === "Registered" ? true : undefined;
  };
  const found = await Promise.all(wanted.map(async (provider) => ({ ...provider, registered: await isRegistered(provider.namespace) })));
  const missing = found.filter(({ registered }) => !registered);
  for (const { namespace, for: purpose } of missing) {
    context.say(`Registering the resource provider ${namespace}, for ${purpose}.`);
    await resourceManager.request({ method: "POST", path: path(namespace, "/register") });
  }
  for (const { namespace } of missing) {
    const what = `the registration of ${namespace}`;
    const help = `Look at it with \`az provider show --namespace ${namespace}\`, or in the portal under the subscription's resource providers.`;
    await eventually(context, { what, tries: TRIES, help }, () => isRegistered(namespace));
  }
  context.say(`Resource providers: ${wanted.length} registered${missing.length > 0 ? `, ${missing.length} of them now` : ""}.`);
}
