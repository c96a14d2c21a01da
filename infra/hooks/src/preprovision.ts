import { ensureApplication } from "./application.js";
import { checkRegion } from "./flex-regions.js";
import { graph as graphOf } from "./graph.js";
import type { HookContext } from "./hook-context.js";
import { resourceManager as resourceManagerOf } from "./resource-manager.js";
import { registerProviders } from "./resource-providers.js";
import { ensureServicePrincipal } from "./service-principal.js";
import { findSubscription } from "./subscription.js";
import { checkTools } from "./tools.js";

/** Before anything is made in Azure: whether it can be, and who the app is in the directory. */
export async function preprovision(context: HookContext): Promise<void> {
  const { environment, say } = context;
  environment.require("environmentName");
  environment.require("location");
  await checkTools(context);
  const { id, tenantId, displayName } = await findSubscription(context);
  say(`Subscription: "${displayName}", tenant ${tenantId}.`);
  const resourceManager = resourceManagerOf(context, tenantId);
  await registerProviders(context, resourceManager, id);
  await checkRegion(context, resourceManager, id);
  const graph = graphOf(context, tenantId);
  const { clientId } = await ensureApplication(context, graph);
  await ensureServicePrincipal(context, graph, clientId);
}
