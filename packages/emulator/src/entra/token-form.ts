import { EntraError } from "./aadsts.js";

/** How a client says who it is with an assertion (RFC 7521 section 4.2; `jwt-pop` is Entra's own). */
const ASSERTION_TYPES = {
  "urn:ietf:params:oauth:client-assertion-type:jwt-bearer": "jwt-bearer",
  "urn:ietf:params:oauth:client-assertion-type:jwt-pop": "jwt-pop",
} as const;

/** The checked fields of a token request. */
export interface TokenForm {
  readonly clientId: string;
  readonly scope: string;
  /** The part of the scope before `/.default`. */
  readonly audience: string;
  readonly tokenType: "mtls_pop" | "Bearer";
  /** Whether the request said so; a Bearer token is asked for without saying it, except by a managed identity. */
  readonly namesTokenType: boolean;
  readonly assertion?: { readonly type: "jwt-bearer" | "jwt-pop"; readonly jwt: string };
  /** The parsed `claims` parameter. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Names of fields that belong to no flow, for the application's own list. */
  readonly extras: readonly string[];
}

/** Fields that may come beside the ones read here; MSAL libraries put telemetry in the body. */
const TOLERATED = new Set([
  "client_info",
  "client-request-id",
  "fmi_path",
  "x-app-name",
  "x-app-ver",
  "x-client-cpu",
  "x-client-current-telemetry",
  "x-client-last-telemetry",
  "x-client-os",
  "x-client-sku",
  "x-client-ver",
  "x-ms-lib-capability",
]);

const READ = new Set([
  "client_id",
  "grant_type",
  "scope",
  "token_type",
  "claims",
  "client_assertion",
  "client_assertion_type",
  "client_secret",
  "req_cnf",
]);

/**
 * Reads the body of a token request field by field.
 *
 * @param contentType the `Content-Type` header
 * @throws {EntraError} for a missing, doubled or malformed field, another grant, a client secret, `req_cnf`
 * @see PROTOCOL.md section 2
 */
export function readTokenForm(body: Buffer | undefined, contentType: string | undefined): TokenForm {
  // with another content type Entra reads no field at all and misses the first one
  if (contentType?.split(";")[0]?.trim().toLowerCase() !== "application/x-www-form-urlencoded") {
    throw new EntraError(900144, { field: "grant_type" });
  }
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body?.toString("utf8") ?? "")) {
    if (fields.has(name)) throw new EntraError(9000411, { field: name });
    fields.set(name, value);
  }
  const grantType = required(fields, "grant_type");
  if (grantType !== "client_credentials") throw new EntraError(70003, { grantType });
  const clientId = required(fields, "client_id");
  const scope = required(fields, "scope");
  if (fields.has("client_secret")) throw new EntraError(7000215, { clientId });
  if (fields.has("req_cnf")) throw malformed("The field 'req_cnf' is not used for certificate-bound tokens.");
  const claims = fields.get("claims");
  const assertion = readAssertion(fields);
  return {
    clientId,
    scope,
    audience: audienceOf(scope),
    tokenType: readTokenType(fields.get("token_type")),
    namesTokenType: fields.has("token_type"),
    ...(assertion && { assertion }),
    ...(claims !== undefined && { claims: readClaims(claims) }),
    extras: [...fields.keys()].filter((name) => !READ.has(name) && !TOLERATED.has(name.toLowerCase())),
  };
}

/** The refusal of a request that has a form no flow has. */
export function malformed(detail: string): EntraError {
  return new EntraError(9002313, { detail });
}

/** The refusal of a kind of token that is not to be had, or not by this client. */
export function unsupportedTokenType(value: string): EntraError {
  return malformed(`The value '${value}' of 'token_type' is not supported.`);
}

function required(fields: ReadonlyMap<string, string>, field: string): string {
  const value = fields.get(field);
  if (!value) throw new EntraError(90014, { field });
  return value;
}

function readTokenType(value: string | undefined): TokenForm["tokenType"] {
  if (value === undefined || value === "bearer") return "Bearer";
  if (value !== "mtls_pop") throw unsupportedTokenType(value);
  return value;
}

function readAssertion(fields: ReadonlyMap<string, string>): TokenForm["assertion"] {
  if (!fields.has("client_assertion") && !fields.has("client_assertion_type")) return undefined;
  const jwt = required(fields, "client_assertion");
  const name = required(fields, "client_assertion_type");
  const type = Object.entries(ASSERTION_TYPES).find(([known]) => known === name)?.[1];
  if (!type) throw malformed(`The value '${name}' of 'client_assertion_type' is not supported.`);
  return { type, jwt };
}

function readClaims(value: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(value);
    if (isRecord(parsed)) return parsed;
  } catch {
    // told below, as any other value that is no object
  }
  throw malformed("The value of 'claims' is not a JSON object.");
}

/** One resource, by its identifier: a URI or a bare application id. */
function audienceOf(scope: string): string {
  const [, audience] = /^(\S+)\/\.default$/.exec(scope) ?? [];
  if (audience === undefined) throw new EntraError(1002012, { scope });
  return audience;
}

/** Whether parsed JSON is an object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
