import { eventually } from "./eventually.js";
import type { HookContext } from "./hook-context.js";
import type { RestClient } from "./rest-client.js";
import { RestError, records, text } from "./rest-error.js";

/** One for each application; its subject follows the identity. */
const NAME = "mtls-pop-managed-identity";

const TRIES = 10;

/** After as many, no other run of this hook is in the way, but a credential of somebody's for the same identity. */
const CONFLICTS = 3;

/** What came of it. */
export type FederatedCredentialState = "present" | "made" | "changed";

/**
 * Lets the managed identity's tokens stand for the application: leg 1 of the two.
 *
 * @see https://learn.microsoft.com/graph/api/application-post-federatedidentitycredentials
 */
export async function ensureFederatedCredential(
  context: HookContext,
  graph: RestClient,
  options: { readonly applicationObjectId: string; readonly tenantId: string; readonly identityPrincipalId: string },
): Promise<FederatedCredentialState> {
  const { applicationObjectId, tenantId, identityPrincipalId } = options;
  const path = `/applications/${applicationObjectId}/federatedIdentityCredentials`;
  const wanted = {
    issuer: `${context.endpoints.login}/${tenantId}/v2.0`,
    subject: identityPrincipalId,
    audiences: [context.endpoints.tokenExchangeAudience],
  };
  const help = "Run the same command again; if it lasts, look at the app registration's federated credentials in the portal.";
  let conflicts = 0;
  return await eventually(context, { what: "the federated credential", tries: TRIES, help }, async () => {
    const present = records((await graph.request({ path })).body["value"]);
    if (present.some((one) => isSame(one, wanted))) return "present";
    const ours = present.find(({ name }) => name === NAME);
    if (ours) {
      await graph.request({ method: "PATCH", path: `${path}/${text(ours["id"])}`, body: wanted });
      return "changed";
    }
    try {
      const description = "The managed identity of the function app, as leg 1.";
      await graph.request({ method: "POST", path, body: { name: NAME, description, ...wanted } });
      return "made";
    } catch (error) {
      // somebody was faster, or a replica has not seen the application: look again
      if (error instanceof RestError && (error.status === 404 || (error.status === 409 && ++conflicts < CONFLICTS))) return undefined;
      throw error;
    }
  });
}

function isSame(
  one: Readonly<Record<string, unknown>>,
  wanted: { issuer: string; subject: string; audiences: readonly string[] },
): boolean {
  const audiences = Array.isArray(one["audiences"]) ? one["audiences"] : [];
  return (
    one["issuer"] === wanted.issuer &&
    one["subject"] === wanted.subject &&
    wanted.audiences.every((audience) => audiences.includes(audience))
  );
}
