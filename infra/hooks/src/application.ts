import { eventually } from "./eventually.js";
import type { HookContext } from "./hook-context.js";
import { HookError } from "./hook-error.js";
import type { RestAnswer, RestClient, RestRequest } from "./rest-client.js";
import { needed, RestError, text } from "./rest-error.js";
import { isGuid } from "./subscription.js";

const SELECT = "$select=id,appId,displayName";

/** Five minutes at the usual pace; Graph's replicas agree within seconds as a rule. */
const TRIES = 30;

/** Graph's words for the unique name of a deleted registration, or of one that somebody has just made. */
const TAKEN = /same value for property uniqueName already exists/;

/** An app registration. */
export interface Application {
  readonly objectId: string;
  readonly clientId: string;
  readonly displayName: string;
}

/**
 * The app registration: the one whose client id is in the azd environment, else the one of this environment's unique name, else a new one.
 * Its ids are kept in the azd environment.
 *
 * @see https://learn.microsoft.com/graph/api/application-upsert
 */
export async function ensureApplication(context: HookContext, graph: RestClient): Promise<Application> {
  const { environment, say } = context;
  const application = (await findStored(context, graph)) ?? (await findByName(context, graph)) ?? (await register(context, graph));
  await environment.set("applicationId", application.clientId);
  await environment.set("applicationObjectId", application.objectId);
  say(`App registration: "${application.displayName}", client id ${application.clientId}.`);
  return application;
}

async function findStored({ environment, say }: HookContext, graph: RestClient): Promise<Application | undefined> {
  const clientId = environment.get("applicationId");
  if (clientId === undefined) return undefined;
  if (!isGuid(clientId)) {
    throw new HookError(
      `APPLICATION_CLIENT_ID is "${clientId}", which is no GUID.`,
      "Set the client id: `azd env set APPLICATION_CLIENT_ID <id>`.",
    );
  }
  const found = await graph.find(`/applications(appId='${clientId}')?${SELECT}`);
  if (found) return applicationOf(found);
  // whoever has set one means that one; what a hook has written may be gone
  if (!(await isWritten(environment, graph))) {
    throw new HookError(
      `The tenant has no app registration with the client id ${clientId}, which APPLICATION_CLIENT_ID names.`,
      'Set the right one, or have one made: `azd env set APPLICATION_CLIENT_ID ""`.',
    );
  }
  say(`  The app registration ${clientId} is gone.`);
  return undefined;
}

/** Whether a hook has written the client id, and not the user after it: then the object beside it is gone as well. */
async function isWritten(environment: HookContext["environment"], graph: RestClient): Promise<boolean> {
  const objectId = environment.get("applicationObjectId") ?? "";
  return isGuid(objectId) && (await graph.find(`/applications/${objectId}?${SELECT}`)) === undefined;
}

async function findByName({ environment }: HookContext, graph: RestClient): Promise<Application | undefined> {
  const found = await graph.find(`${namedPath(environment)}?${SELECT}`);
  return found && applicationOf(found);
}

async function register(context: HookContext, graph: RestClient): Promise<Application> {
  const { environment, say } = context;
  const name = environment.require("environmentName");
  const displayName = `keyvault-reader (${name})`;
  say(`Registering the application "${displayName}".`);
  const body = await upsert(context, graph, {
    method: "PATCH",
    path: namedPath(environment),
    // makes one of this name, or finds that somebody else has just done so
    headers: { prefer: "create-if-missing" },
    body: { displayName, signInAudience: "AzureADMyOrg", tags: [`azd-env-name:${name}`] },
  });
  const made = text(body["appId"]) === "" ? undefined : applicationOf(body);
  const path = made ? `/applications(appId='${made.clientId}')` : namedPath(environment);
  const help = "Run the same command again: the registration is found by its name.";
  return await eventually(context, { what: "the registration to be seen by all of Microsoft Graph", tries: TRIES, help }, async () => {
    const seen = await graph.find(`${path}?${SELECT}`);
    return seen && applicationOf(seen);
  });
}

/**
 * The answer of an upsert. A name that is taken, and that nobody has, is that of a deleted registration.
 *
 * @see https://github.com/microsoftgraph/msgraph-bicep-types/issues/137
 */
async function upsert({ environment }: HookContext, graph: RestClient, request: RestRequest): Promise<RestAnswer["body"]> {
  try {
    return (await graph.request(request)).body;
  } catch (error) {
    if (!(error instanceof RestError && TAKEN.test(error.message))) throw error;
    const theirs = await graph.find(`${request.path}?${SELECT}`);
    if (theirs) return theirs;
    const objectId = environment.get("applicationObjectId") ?? "<object id>";
    const restore = `az rest --method POST --url https://graph.microsoft.com/v1.0/directory/deletedItems/${objectId}/restore`;
    throw new HookError(
      `The app registration of this azd environment was deleted, which keeps its unique name for 30 days: ${error.message}`,
      `Restore it, in the portal under App registrations, Deleted applications, or with \`${restore}\`, or delete it for good there; then run the same command again.`,
      error,
    );
  }
}

/** A name is the tenant's only one, and never changes: one for each subscription and azd environment. */
function namedPath(environment: HookContext["environment"]): string {
  const name = `mtls-pop-keyvault-reader-${environment.require("subscriptionId")}-${environment.require("environmentName")}`;
  return `/applications(uniqueName='${encodeURIComponent(name.replaceAll("'", "''"))}')`;
}

function applicationOf(body: Readonly<Record<string, unknown>>): Application {
  const [objectId, clientId] = [needed(body, "id", "Microsoft Graph"), needed(body, "appId", "Microsoft Graph")];
  return { objectId, clientId, displayName: text(body["displayName"]) };
}
