/** `"service"`: a server answered and said no. `"client"`: refused or failed on this side. (MSAL: MsalServiceException, MsalClientException.) */
export type MtlsPopErrorKind = "client" | "service";

/**
 * Every code there is, in the order of `docs/errors.md`; a test keeps the two equal. `retryable`: the same call may succeed later
 * without a change to code or settings.
 */
export const ERROR_CODES = {
  // input
  invalid_options: ["client"],
  client_secret_not_supported: ["client"],
  invalid_claims: ["client"],
  reserved_body_parameter: ["client"],
  settings_missing: ["client"],
  settings_invalid: ["client"],
  package_missing: ["client"],
  client_closed: ["client"],
  // certificate
  certificate_empty: ["client"],
  certificate_malformed: ["client"],
  certificate_missing: ["client"],
  certificate_unreadable: ["client"],
  certificate_passphrase_missing: ["client"],
  certificate_passphrase_wrong: ["client"],
  certificate_encryption_unsupported: ["client"],
  certificate_private_key_missing: ["client"],
  certificate_key_mismatch: ["client"],
  certificate_key_unsupported: ["client"],
  certificate_not_yet_valid: ["client"],
  certificate_expired: ["client"],
  certificate_not_configured: ["client"],
  certificate_not_found: ["client"],
  certificate_disabled: ["client"],
  certificate_not_exportable: ["client"],
  certificate_source_unsupported: ["client"],
  mtls_certificate_not_provided: ["client"],
  // the vault that a certificate is read from
  key_vault_access_denied: ["service"],
  key_vault_credential_failed: ["client"],
  key_vault_error: ["service"],
  // authority
  invalid_authority: ["client"],
  untrusted_authority: ["client"],
  missing_tenanted_authority: ["client"],
  mtls_pop_not_supported_for_environment: ["client"],
  // token answers that are refused
  invalid_token_response: ["client"],
  token_type_missing: ["client"],
  token_type_mismatch: ["client"],
  confirmation_missing: ["client"],
  confirmation_mismatch: ["client"],
  token_not_bound: ["client"],
  assertion_expired: ["client"],
  // managed identity
  managed_identity_unavailable: ["client"],
  mtls_pop_token_not_supported_in_imds_v1: ["client"],
  invalid_managed_identity_response: ["client"],
  managed_identity_error: ["service"],
  attestation_required: ["service"],
  attestation_failed: ["client"],
  managed_identity_cannot_exchange: ["client"],
  // network
  network_error: ["client", "retryable"],
  tls_handshake_failed: ["client"],
  proxy_refused: ["client"],
  timeout: ["client", "retryable"],
  // the token endpoint's own errors (RFC 6749 section 5.2 and Entra's)
  invalid_request: ["service"],
  invalid_client: ["service"],
  invalid_grant: ["service"],
  invalid_scope: ["service"],
  invalid_resource: ["service"],
  unauthorized_client: ["service"],
  unsupported_grant_type: ["service"],
  access_denied: ["service"],
  interaction_required: ["service"],
  server_error: ["service", "retryable"],
  temporarily_unavailable: ["service", "retryable"],
  throttled: ["service", "retryable"],
  service_error: ["service"],
  // the call of a resource
  resource_not_configured: ["client"],
  insecure_url: ["client"],
  off_origin_input: ["client"],
  reserved_client_name: ["client"],
  authorization_header_refused: ["client"],
  redirect_refused: ["client"],
  body_not_replayable: ["client"],
  resource_error: ["service"],
  // the guard of an API
  authorization_missing: ["client"],
  authorization_malformed: ["client"],
  authorization_scheme_refused: ["client"],
  client_certificate_missing: ["client"],
  client_certificate_malformed: ["client"],
  token_malformed: ["client"],
  token_algorithm_refused: ["client"],
  token_key_unknown: ["client"],
  token_signature_invalid: ["client"],
  token_issuer_refused: ["client"],
  token_audience_refused: ["client"],
  token_expired: ["client"],
  token_not_yet_valid: ["client"],
  token_confirmation_missing: ["client"],
  token_confirmation_mismatch: ["client"],
  signing_keys_unavailable: ["client", "retryable"],
} as const;

/** A stable name for what went wrong; each one stands in `docs/errors.md`. */
export type MtlsPopErrorCode = keyof typeof ERROR_CODES;

const FACTS: Readonly<Record<MtlsPopErrorCode, readonly [kind: MtlsPopErrorKind, retryable?: "retryable"]>> = ERROR_CODES;

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
    const [kind, again] = FACTS[code];
    this.kind = kind;
    this.retryable = retryable ?? again === "retryable";
    for (const [name, value] of Object.entries(facts)) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true });
    }
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** An error of another copy of this class, as the package's entries may have one each, is an instance as well. */
  static override [Symbol.hasInstance](value: unknown): value is MtlsPopError {
    // biome-ignore lint/complexity/noThisInStatic: a class of somebody's own that extends this one has its own instances
    return this === MtlsPopError ? isMtlsPopError(value) : Function.prototype[Symbol.hasInstance].call(this, value);
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
