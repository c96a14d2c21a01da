import { eventually } from "./eventually.js";
import type { HookContext } from "./hook-context.js";
import type { RestClient } from "./rest-client.js";
import { needed, RestError, text } from "./rest-error.js";

/** Five minutes at the usual pace. */
const TRIES = 30;

/** Graph's words where the replica that is asked has not seen the application yet; azure-cli waits for the same ones. */
const NOT_SEEN_YET = /does not reference|does not exist|must in the local tenant/;

/**
 * The application's service principal in the tenant, which roles are assigned to; made where there is none. Its object id is kept in the
 * azd environment.
 *
 * @see https://learn.microsoft.com/graph/api/serviceprincipal-post-serviceprincipals
 */
export async function ensureServicePrincipal(context: HookContext, graph: RestClient, clientId: string): Promise<string> {
  const path = `/servicePrincipals(appId='${clientId}')?$select=id`;
  const find = async (): Promise<string | undefined> => text((await graph.find(path))?.["id"]) || undefined;
  const wait = { what: "the service principal", tries: TRIES, help: "Run the same command again: what is there is found." };
  const principalId = (await find()) ?? (await eventually(context, wait, () => make(graph, clientId, find)));
  await context.environment.set("servicePrincipalId", principalId);
  context.say(`Service principal: object id ${principalId}.`);
  return principalId;
}

async function make(graph: RestClient, appId: string, find: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    const { body } = await graph.request({ method: "POST", path: "/servicePrincipals", body: { appId } });
    return needed(body, "id", "Microsoft Graph");
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    if (error.status === 409) return await find();
    if (NOT_SEEN_YET.test(error.message)) return undefined;
    throw error;
  }
}
