import { randomUUID } from "node:crypto";
import { type Answer, json } from "../server/answer.js";
import type { HttpServer } from "../server/http-server.js";
import { type RecordedExchange, type RecordedHttpServerOptions, startRecordedHttpServer } from "../server/recorded-http-server.js";
import { identityOf } from "./identity-parameter.js";
import { type IdentityTokens, identityToken } from "./identity-token.js";
import type { ManagedIdentities } from "./managed-identities.js";

const API_VERSION = "2019-08-01";

/** Stands for the endpoint that App Service and Functions give their apps' managed identities. */
export interface AppService {
  /** What the platform sets for an app. */
  readonly environment: Readonly<Record<"IDENTITY_ENDPOINT" | "IDENTITY_HEADER", string>>;
}

/** What the endpoint is given. */
export type AppServiceOptions = Pick<RecordedHttpServerOptions, "record" | "faultFor"> & {
  readonly identities: ManagedIdentities;
  readonly tokens: IdentityTokens;
};

/**
 * Starts it on a free port of loopback.
 *
 * @see PROTOCOL.md section 5, "App Service / Functions"
 */
export async function startAppService(options: AppServiceOptions): Promise<{ appService: AppService; server: HttpServer }> {
  const secret = randomUUID();
  const server = await startRecordedHttpServer({
    name: "app-service",
    record: options.record,
    faultFor: options.faultFor,
    handle: (exchange) => answer(exchange, secret, options),
  });
  return { appService: { environment: { IDENTITY_ENDPOINT: `${server.url}/msi/token`, IDENTITY_HEADER: secret } }, server };
}

async function answer({ request }: RecordedExchange, secret: string, { identities, tokens }: AppServiceOptions): Promise<Answer> {
  const { query, headers } = request;
  if (request.path !== "/msi/token" || request.method !== "GET") return refusal(404, "Not Found");
  if (headers["x-identity-header"] !== secret) return refusal(401, "The X-IDENTITY-HEADER is missing or is not the one of this app.");
  if (query["api-version"] !== API_VERSION) return refusal(400, `The api-version '${query["api-version"] ?? ""}' is not ${API_VERSION}.`);
  const { resource } = query;
  if (!resource) return refusal(400, "The resource is missing.");
  const identity = identityOf("app-service", query, identities);
  if ("refusal" in identity) {
    const text = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.";
    return refusal(400, identity.refusal === "malformed" ? identity.detail : text);
  }
  const { accessToken, expiresOn } = await identityToken(identity, resource, tokens);
  const { clientId: client_id } = identity;
  return json(200, { access_token: accessToken, expires_on: String(expiresOn), resource, token_type: "Bearer", client_id });
}

function refusal(statusCode: number, message: string): Answer {
  return json(statusCode, { statusCode, message, correlationId: randomUUID() });
}
