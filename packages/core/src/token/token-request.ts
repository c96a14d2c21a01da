import { MtlsPopError } from "../errors.js";
import { VERSION } from "../internal/version.js";

/** How an application proves itself in the form; a bound request by certificate needs nothing here, the handshake says it. */
export interface ClientAssertion {
  /** The JWT. */
  readonly assertion: string;
  /** `jwt-pop` when a binding certificate comes along, `jwt-bearer` otherwise. */
  readonly type: keyof typeof CLIENT_ASSERTION_TYPES;
}

/** RFC 7521 section 4.2; `jwt-pop` is Entra's. */
const CLIENT_ASSERTION_TYPES = {
  "jwt-bearer": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  "jwt-pop": "urn:ietf:params:oauth:client-assertion-type:jwt-pop",
} as const;

/** Parameters that say who asks and for what; a caller's extras must not change them. */
const RESERVED = new Set([
  "client_id",
  "client_secret",
  "grant_type",
  "client_assertion",
  "client_assertion_type",
  "token_type",
  "req_cnf",
  "scope",
  "claims",
  "fmi_path",
]);

/** What a token request says. */
export interface TokenRequest {
  readonly clientId: string;
  /** Space separated; empty for none. */
  readonly scope: string;
  /** Asks by name for a token that is bound to the certificate of the connection, as Entra wants it. */
  readonly bound: boolean;
  /** Names the Bearer token in the form, as a managed identity does over mutual TLS. @default false */
  readonly namesBearer?: boolean;
  readonly clientAssertion?: ClientAssertion | undefined;
  readonly claims?: string | undefined;
  readonly fmiPath?: string | undefined;
  readonly extraBodyParameters?: Readonly<Record<string, string>> | undefined;
}

/**
 * The form of a token request by client credentials.
 *
 * @returns `application/x-www-form-urlencoded`
 * @see PROTOCOL.md section 2
 */
export function tokenRequestBody(request: TokenRequest): string {
  const form = new URLSearchParams({ client_id: request.clientId, grant_type: "client_credentials" });
  if (request.scope) form.set("scope", request.scope);
  if (request.bound) form.set("token_type", "mtls_pop");
  else if (request.namesBearer) form.set("token_type", "bearer");
  if (request.clientAssertion) {
    form.set("client_assertion_type", CLIENT_ASSERTION_TYPES[request.clientAssertion.type]);
    form.set("client_assertion", request.clientAssertion.assertion);
  }
  if (request.claims) form.set("claims", request.claims);
  if (request.fmiPath) form.set("fmi_path", request.fmiPath);
  for (const [name, value] of Object.entries(request.extraBodyParameters ?? {})) form.set(name, value);
  return form.toString();
}

/**
 * The headers of a token request to a server that is not Entra.
 *
 * @param correlationId GUID that both sides may log
 */
export function serverRequestHeaders(correlationId: string): Record<string, string> {
  return { "content-type": "application/x-www-form-urlencoded", accept: "application/json", "client-request-id": correlationId };
}

/**
 * The headers of a token request.
 *
 * @param correlationId GUID that both sides log
 */
export function tokenRequestHeaders(correlationId: string): Record<string, string> {
  return {
    ...serverRequestHeaders(correlationId),
    "return-client-request-id": "true",
    "x-client-SKU": "mtls-pop.node",
    "x-client-Ver": VERSION,
    "x-client-OS": process.platform,
    "x-client-CPU": process.arch,
    "x-ms-lib-capability": "retry-after, h429",
  };
}

/**
 * Refuses extra parameters that would change who asks for what.
 *
 * @throws {MtlsPopError} `reserved_body_parameter`, `invalid_options`
 */
export function assertExtraBodyParameters(extra: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(extra)) {
    if (RESERVED.has(name.trim().toLowerCase())) {
      throw new MtlsPopError(
        "reserved_body_parameter",
        `\`extraBodyParameters\` must not set "${name}", which the library itself decides.`,
        {
          help: "Use the request option for it, or leave it out.",
        },
      );
    }
    // RFC 6749 section 8.2: what else there may be, two parsers could read in two ways
    if (!/^[\w.-]{1,64}$/.test(name)) {
      throw new MtlsPopError(
        "invalid_options",
        "`extraBodyParameters` holds a name that is no parameter's: letters, digits, `.`, `_` and `-`.",
      );
    }
    if (typeof value !== "string") throw new MtlsPopError("invalid_options", `\`extraBodyParameters\`: "${name}" must be a string.`);
  }
}
