import { type Answer, json } from "../server/answer.js";
import type { RecordedExchange } from "../server/recorded-http-server.js";
import { type IdentityEndpoint, identityOf } from "./identity-parameter.js";
import { type IdentityTokens, identityToken } from "./identity-token.js";
import { ImdsError } from "./imds-error.js";
import { type CredentialIssuance, issueCredential } from "./issue-credential.js";
import type { ManagedIdentity } from "./managed-identity.js";
import type { ComputeUnitId } from "./verify-certificate-request.js";

/** What the identity part of the metadata service rests on. */
export interface ImdsIdentityOptions extends CredentialIssuance {
  readonly tokens: IdentityTokens;
  /** Origin of the attestation service. */
  readonly attestationEndpoint: string;
  /** The machine's ids; empty ones are left out. */
  readonly cuId: () => ComputeUnitId;
}

type Respond = (exchange: RecordedExchange, options: ImdsIdentityOptions) => Answer | Promise<Answer>;

const V2_VERSION = "2.0";
const V1_VERSION = "2018-02-01";

/** The paths under `/metadata/identity`, with the version of the service that has them and the one method that they take. */
const ROUTES: Readonly<Record<string, { readonly version: 1 | 2; readonly method: string; readonly respond: Respond }>> = {
  "/metadata/identity/oauth2/token": { version: 1, method: "GET", respond: answerToken },
  "/metadata/identity/getplatformmetadata": { version: 2, method: "GET", respond: answerPlatformMetadata },
  "/metadata/identity/issuecredential": { version: 2, method: "POST", respond: answerCredential },
};

/**
 * Answers a request for an identity's token (version 1), or for the platform's metadata or a certificate (version 2).
 *
 * @see PROTOCOL.md section 5
 */
export async function answerIdentity(exchange: RecordedExchange, options: ImdsIdentityOptions): Promise<Answer> {
  const { method, path } = exchange.request;
  const route = ROUTES[path];
  try {
    if (!route || route.version > options.identities.imdsVersion) throw new ImdsError("Not found", { status: 404, error: "not_found" });
    if (route.method !== method) {
      throw new ImdsError(`The HTTP method is not allowed: ${method}`, { status: 405, error: "bad_request_100" });
    }
    return await route.respond(exchange, options);
  } catch (error) {
    if (error instanceof ImdsError) return error.toAnswer();
    throw error;
  }
}

async function answerToken({ request }: RecordedExchange, { identities, tokens }: ImdsIdentityOptions): Promise<Answer> {
  const { query } = request;
  if (query["api-version"] !== V1_VERSION) throw new ImdsError(`The api-version '${query["api-version"] ?? ""}' is not ${V1_VERSION}`);
  const { resource } = query;
  if (!resource) throw new ImdsError("Required audience parameter not specified");
  const identity = identityOrThrow("imds-v1", request.query, identities);
  const { accessToken, notBefore, expiresOn } = await identityToken(identity, resource, tokens);
  const expiresIn = String(expiresOn - notBefore);
  return json(200, {
    access_token: accessToken,
    client_id: identity.clientId,
    expires_in: expiresIn,
    expires_on: String(expiresOn),
    ext_expires_in: expiresIn,
    not_before: String(notBefore),
    resource,
    token_type: "Bearer",
  });
}

function answerPlatformMetadata({ request }: RecordedExchange, options: ImdsIdentityOptions): Answer {
  const { clientId, tenantId } = checkedV2(request, options);
  return json(200, { cuId: options.cuId(), clientId, tenantId, attestationEndpoint: options.attestationEndpoint });
}

function answerCredential({ request, body, fault }: RecordedExchange, options: ImdsIdentityOptions): Promise<Answer> {
  const identity = checkedV2(request, options);
  return issueCredential({ identity, cuId: options.cuId(), contentType: request.headers["content-type"], body, fault }, options);
}

/** What both paths of version 2 want: the version, and a GUID to find the request by. */
function checkedV2({ query, headers }: RecordedExchange["request"], { identities }: ImdsIdentityOptions): ManagedIdentity {
  const version = query["cred-api-version"];
  if (version !== V2_VERSION) throw new ImdsError(`The cred-api-version '${version ?? ""}' is not ${V2_VERSION}`);
  if (!/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(headers["x-ms-client-request-id"] ?? "")) {
    throw new ImdsError("The header x-ms-client-request-id is not a GUID");
  }
  return identityOrThrow("imds-v2", query, identities);
}

function identityOrThrow(
  endpoint: IdentityEndpoint,
  query: Readonly<Record<string, string>>,
  identities: ImdsIdentityOptions["identities"],
): ManagedIdentity {
  const identity = identityOf(endpoint, query, identities);
  if (!("refusal" in identity)) return identity;
  switch (identity.refusal) {
    case "malformed":
      throw new ImdsError(identity.detail);
    case "unknown":
      throw new ImdsError("Identity not found");
    case "ambiguous":
      throw new ImdsError(
        "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
      );
  }
}
