import type { HookContext } from "./hook-context.js";
import { HookError } from "./hook-error.js";
import type { RestClient } from "./rest-client.js";
import { records, text } from "./rest-error.js";

const API_VERSION = "2024-04-01";

/**
 * Checks that the region has Flex Consumption.
 *
 * @throws {HookError} with the regions that have it
 * @see https://learn.microsoft.com/rest/api/appservice/list-geo-regions/list-geo-regions
 */
export async function checkRegion({ environment, say }: HookContext, resourceManager: RestClient, subscriptionId: string): Promise<void> {
  const location = environment.require("location");
  const regions = await flexRegions(resourceManager, subscriptionId);
  if (!regions.includes(asName(location))) {
    throw new HookError(
      `The region ${location} has no Flex Consumption plan for this subscription. It is in: ${regions.join(", ") || "none"}.`,
      "Choose one of those: `azd env set AZURE_LOCATION <region>`.",
    );
  }
  say(`Region: ${asName(location)} has Flex Consumption.`);
}

async function flexRegions(resourceManager: RestClient, subscriptionId: string): Promise<string[]> {
  const regions: string[] = [];
  let path = `/subscriptions/${subscriptionId}/providers/Microsoft.Web/geoRegions?sku=FlexConsumption&api-version=${API_VERSION}`;
  while (path !== "") {
    const { body } = await resourceManager.request({ path });
    regions.push(...records(body["value"]).map(({ name }) => asName(text(name))));
    const next = text(body["nextLink"]);
    // the path alone: the token goes nowhere else
    path = next === "" ? "" : `${new URL(next).pathname}${new URL(next).search}`;
  }
  return regions.sort();
}

/** `West US 3` as ARM's names are written: `westus3`. */
function asName(region: string): string {
  return region.toLowerCase().replaceAll(/\s/g, "");
}
