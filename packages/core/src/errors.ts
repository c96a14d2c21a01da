/** `"service"`: a server answered and said no. `"client"`: refused or failed on this side. (MSAL: MsalServiceException, MsalClientException.) */
export type MtlsPopErrorKind = "client" | "service";

interface CodeFacts {
  readonly kind: MtlsPopErrorKind;
  /** Whether the same call may succeed later without a change to code or settings. */
  readonly retryable: boolean;
}

const CLIENT: CodeFacts = { kind: "client", retryable: false };
const CLIENT_RETRYABLE: CodeFacts = { kind: "client", retryable: true };
const SERVICE: CodeFacts = { kind: "service", retryable: false };
const SERVICE_RETRYABLE: CodeFacts = { kind: "service", retryable: true };

/** Every code there is, in the order of `docs/errors.md`; a test keeps the two equal. */
export const ERROR_CODES = {
  // input
  invalid_options: CLIENT,
  client_secret_not_supported: CLIENT,
  invalid_claims: CLIENT,
  reserved_body_parameter: CLIENT,
  settings_missing: CLIENT,
  settings_invalid: CLIENT,
  client_closed: CLIENT,
  // certificate
  certificate_empty: CLIENT,
  certificate_malformed: CLIENT,
  certificate_missing: CLIENT,
  certificate_unreadable: CLIENT,
  certificate_passphrase_missing: CLIENT,
  certificate_passphrase_wrong: CLIENT,
  certificate_encryption_unsupported: CLIENT,
  certificate_private_key_missing: CLIENT,
  certificate_key_mismatch: CLIENT,
  certificate_key_unsupported: CLIENT,
  certificate_not_yet_valid: CLIENT,
  certificate_expired: CLIENT,
  certificate_not_configured: CLIENT,
  mtls_certificate_not_provided: CLIENT,
  // authority
  invalid_authority: CLIENT,
  untrusted_authority: CLIENT,
  missing_tenanted_authority: CLIENT,
  mtls_pop_not_supported_for_environment: CLIENT,
  // token answers that are refused
  invalid_token_response: CLIENT,
  token_type_missing: CLIENT,
  token_type_mismatch: CLIENT,
  confirmation_missing: CLIENT,
  confirmation_mismatch: CLIENT,
  token_not_bound: CLIENT,
  // network
  network_error: CLIENT_RETRYABLE,
  tls_handshake_failed: CLIENT,
  timeout: CLIENT_RETRYABLE,
  // the token endpoint's own errors (RFC 6749 section 5.2 and Entra's)
  invalid_request: SERVICE,
  invalid_client: SERVICE,
  invalid_grant: SERVICE,
  invalid_scope: SERVICE,
  invalid_resource: SERVICE,
  unauthorized_client: SERVICE,
  unsupported_grant_type: SERVICE,
  access_denied: SERVICE,
  interaction_required: SERVICE,
  server_error: SERVICE_RETRYABLE,
  temporarily_unavailable: SERVICE_RETRYABLE,
  throttled: SERVICE_RETRYABLE,
  service_error: SERVICE,
  // the call of a resource
  resource_not_configured: CLIENT,
  insecure_url: CLIENT,
  off_origin_input: CLIENT,
  reserved_client_name: CLIENT,
  authorization_header_refused: CLIENT,
  redirect_refused: CLIENT,
  body_not_replayable: CLIENT,
  resource_error: SERVICE,
} as const satisfies Record<string, CodeFacts>;

/** A stable name for what went wrong; each one stands in `docs/errors.md`. */
export type MtlsPopErrorCode = keyof typeof ERROR_CODES;

/** What an error carries beside its code and message. */
export interface MtlsPopErrorOptions {
  /** The original error. */
  cause?: unknown;
  /** What the user can do about it, in one or two sentences. */
  help?: string | undefined;
  /** Overrides what the code says, e.g. `true` for a 503 of a resource. */
  retryable?: boolean;
  /** The `client-request-id` of the failed request, as a GUID. */
  correlationId?: string | undefined;
  /** HTTP status of the answer. */
  statusCode?: number | undefined;
  /** The numbers behind `AADSTS` in Entra's answer. */
  aadErrorCodes?: readonly number[] | undefined;
  /** When to come back, in seconds, as the server said. */
  retryAfterSeconds?: number | undefined;
  /** The claims that a challenge or Entra asks for, as JSON. */
  claims?: string | undefined;
  /** Entra's finer word for the error, such as `bad_token`. */
  suberror?: string | undefined;
}

const BRAND = Symbol.for("@mtls-pop/core.MtlsPopError");

/**
 * What this toolkit throws. The message says what was found, what was expected and what to do; `help` repeats the last.
 *
 * An aborted call is not one of these: it rejects with the signal's own reason, as `fetch` does.
 *
 * @example
 * ```ts
 * try {
 *   await application.acquireTokenByClientCredential({ scopes, mtlsProofOfPossession: true });
 * } catch (error) {
 *   if (isMtlsPopError(error) && error.code === "invalid_client") console.error(error.message, error.aadErrorCodes);
 *   throw error;
 * }
 * ```
 */
export class MtlsPopError extends Error {
  override readonly name = "MtlsPopError";
  readonly code: MtlsPopErrorCode;
  readonly kind: MtlsPopErrorKind;
  readonly retryable: boolean;
  // declared alone, so that a fact that is not known is no property and stays out of `inspect`
  declare readonly help?: string;
  declare readonly correlationId?: string;
  declare readonly statusCode?: number;
  declare readonly aadErrorCodes?: readonly number[];
  declare readonly retryAfterSeconds?: number;
  declare readonly claims?: string;
  declare readonly suberror?: string;

  constructor(code: MtlsPopErrorCode, message: string, options: MtlsPopErrorOptions = {}) {
    const { cause, retryable, ...facts } = options;
    const { help } = facts;
    super(help ? `${message} ${help}` : message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.kind = ERROR_CODES[code].kind;
    this.retryable = retryable ?? ERROR_CODES[code].retryable;
    for (const [name, value] of Object.entries(facts)) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true });
    }
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Everything but stack and cause: what is fit for a log or an answer. */
  toJSON(): Record<string, unknown> {
    return { ...Object.fromEntries(Object.entries(this)), message: this.message };
  }
}

/**
 * Whether something thrown is an {@link MtlsPopError}, also one of another copy of this package in the same process.
 *
 * @param error anything
 */
export function isMtlsPopError(error: unknown): error is MtlsPopError {
  return typeof error === "object" && error !== null && Reflect.get(error, BRAND) === true;
}
