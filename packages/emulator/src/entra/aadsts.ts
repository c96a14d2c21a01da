/**
 * The refusals that the emulator knows, in Entra's words as they are publicly quoted: OAuth's `error`, the HTTP status, the
 * sentence with its blanks, under the number that follows `AADSTS`.
 */
export const AADSTS = {
  // the request's form
  90014: [
    "invalid_request",
    400,
    "The required field '{field}' is missing from the credential. Ensure that you have all the necessary parameters for the login request.",
  ],
  900144: ["invalid_request", 400, "The request body must contain the following parameter: '{field}'."],
  900561: ["invalid_request", 400, "The endpoint only accepts POST requests. Received a {method} request."],
  9000411: ["invalid_request", 400, "The request is not properly formatted. The parameter '{field}' is duplicated."],
  9002313: ["invalid_request", 400, "Invalid request. Request is malformed or invalid. {detail}"],
  70003: ["unsupported_grant_type", 400, "The app requested an unsupported grant type '{grantType}'."],
  1002012: [
    "invalid_scope",
    400,
    "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
  ],
  50049: ["invalid_instance", 400, "Unknown or invalid instance."],
  // tenant and application
  90002: [
    "invalid_request",
    400,
    "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
  ],
  700016: [
    "unauthorized_client",
    400,
    "Application with identifier '{clientId}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.",
  ],
  700025: ["invalid_client", 401, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."],
  // mutual TLS
  51000: ["invalid_request", 412, "MtlsClientAuth is/are disabled."],
  392189: [
    "invalid_client",
    401,
    "The mTLS endpoint supports only Subject Name and Issuer or federated identity credentials. Application: '{clientId}'.",
  ],
  392196: ["invalid_resource", 400, "The resource application '{resource}' does not support certificate-bound token."],
  392200: ["invalid_request", 400, "Client certificate is missing from the request."],
  392204: ["invalid_client", 401, "The provided client certificate has expired."],
  500181: ["invalid_request", 400, "The TLS certificate provided does not match the certificate in the assertion."],
  // credentials
  7000214: ["invalid_client", 401, "Certificate has been revoked."],
  7000215: ["invalid_client", 401, "Invalid client secret provided. No secret is registered for app '{clientId}'."],
  7000218: ["invalid_client", 401, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."],
  700021: ["invalid_client", 401, "Client assertion application identifier doesn't match 'client_id' parameter."],
  700023: ["invalid_client", 401, "Client assertion audience claim does not match Realm issuer. Expected '{expected}', got '{actual}'."],
  700024: [
    "invalid_client",
    401,
    "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {notBefore}, expiry time of assertion {expires}.",
  ],
  700027: ["invalid_client", 401, "{sentence} [Reason - {reason}]"],
  700212: ["invalid_client", 401, "No matching federated identity record found for presented assertion audience '{audience}'."],
  700213: ["invalid_client", 401, "No matching federated identity record found for presented assertion subject '{subject}'."],
  50027: ["invalid_client", 401, "JWT token is invalid or malformed. {detail}"],
  1000502: ["invalid_client", 401, "The provided certificate is not within its specified validity window."],
  // known for the faults alone
  50196: [
    "invalid_request",
    400,
    "The server terminated an operation because it encountered a client request loop. Please contact your app vendor.",
  ],
  90033: ["temporarily_unavailable", 503, "A transient error has occurred. Please try again."],
  90055: ["temporarily_unavailable", 429, "There are too many incoming requests."],
  100007: [
    "invalid_request",
    400,
    "Microsoft Entra Regional ONLY supports auth either for MSIs OR for requests from MSAL using SN+I for 1P apps or 3P apps in Microsoft infrastructure tenants.",
  ],
  1000610: ["invalid_client", 401, "The attestation token is not valid."],
  1000901: ["invalid_client", 401, "The certificate is not within its valid time range."],
  3921996: ["invalid_request", 400, "The tenant may not receive bound tokens for attested certificates."],
} as const;

/** The number after `AADSTS`. */
export type AadstsCode = keyof typeof AADSTS;

/** A refusal of the token endpoint; `toBody` makes Entra's JSON of it. */
export class EntraError extends Error {
  override readonly name = "EntraError";
  readonly code: AadstsCode;
  readonly error: string;
  readonly status: number;

  /** @param blanks what fills the `{name}`s of the sentence */
  constructor(code: AadstsCode, blanks: Readonly<Record<string, string>> = {}) {
    const [error, status, text] = AADSTS[code];
    super(`AADSTS${code}: ${text.replaceAll(/\{(\w+)\}/g, (blank, name: string) => blanks[name] ?? blank)}`);
    this.code = code;
    this.error = error;
    this.status = status;
  }

  /**
   * The body of the answer.
   *
   * @param host where the request went, for `error_uri`
   */
  toBody(host: string, correlationId: string, traceId: string, now: Date): EntraErrorBody {
    const timestamp = now
      .toISOString()
      .replace("T", " ")
      .replace(/\.\d+Z$/, "Z");
    return {
      error: this.error,
      error_description: `${this.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [this.code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `https://${host}/error?code=${this.code}`,
    };
  }
}

/** Entra's error JSON. */
export interface EntraErrorBody {
  readonly error: string;
  readonly error_description: string;
  readonly error_codes: readonly number[];
  readonly timestamp: string;
  readonly trace_id: string;
  readonly correlation_id: string;
  readonly error_uri: string;
}
