/** What Entra says under one of its numbers: OAuth's `error`, the HTTP status, the sentence with its blanks. */
interface AadstsFacts {
  readonly error: string;
  readonly status: number;
  readonly text: string;
}

const request = (text: string, status = 400): AadstsFacts => ({ error: "invalid_request", status, text });
const client = (text: string): AadstsFacts => ({ error: "invalid_client", status: 401, text });

/** The refusals that the emulator knows, in Entra's words as they are publicly quoted. */
export const AADSTS = {
  // the request's form
  90014: request(
    "The required field '{field}' is missing from the credential. Ensure that you have all the necessary parameters for the login request.",
  ),
  900144: request("The request body must contain the following parameter: '{field}'."),
  900561: request("The endpoint only accepts POST requests. Received a {method} request."),
  9000411: request("The request is not properly formatted. The parameter '{field}' is duplicated."),
  9002313: request("Invalid request. Request is malformed or invalid. {detail}"),
  70003: { error: "unsupported_grant_type", status: 400, text: "The app requested an unsupported grant type '{grantType}'." },
  1002012: {
    error: "invalid_scope",
    status: 400,
    text: "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
  },
  // tenant and application
  90002: request("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."),
  700016: {
    error: "unauthorized_client",
    status: 400,
    text: "Application with identifier '{clientId}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.",
  },
  700025: client("Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
  // mutual TLS
  51000: request("MtlsClientAuth is/are disabled.", 412),
  392189: client("The mTLS endpoint supports only Subject Name and Issuer or federated identity credentials. Application: '{clientId}'."),
  392196: {
    error: "invalid_resource",
    status: 400,
    text: "The resource application '{resource}' does not support certificate-bound token.",
  },
  392200: request("Client certificate is missing from the request."),
  392204: client("The provided client certificate has expired."),
  500181: request("The TLS certificate provided does not match the certificate in the assertion."),
  // credentials
  7000214: client("Certificate has been revoked."),
  7000215: client("Invalid client secret provided. No secret is registered for app '{clientId}'."),
  7000218: client("The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
  700021: client("Client assertion application identifier doesn't match 'client_id' parameter."),
  700023: client("Client assertion audience claim does not match Realm issuer. Expected '{expected}', got '{actual}'."),
  700024: client(
    "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {notBefore}, expiry time of assertion {expires}.",
  ),
  700027: client("{sentence} [Reason - {reason}]"),
  700212: client("No matching federated identity record found for presented assertion audience '{audience}'."),
  700213: client("No matching federated identity record found for presented assertion subject '{subject}'."),
  50027: client("JWT token is invalid or malformed. {detail}"),
  1000502: client("The provided certificate is not within its specified validity window."),
  // known for the faults alone
  50196: request("The server terminated an operation because it encountered a client request loop. Please contact your app vendor."),
  90033: { error: "temporarily_unavailable", status: 503, text: "A transient error has occurred. Please try again." },
  90055: { error: "temporarily_unavailable", status: 429, text: "There are too many incoming requests." },
  100007: request(
    "Microsoft Entra Regional ONLY supports auth either for MSIs OR for requests from MSAL using SN+I for 1P apps or 3P apps in Microsoft infrastructure tenants.",
  ),
  1000610: client("The attestation token is not valid."),
  1000901: client("The certificate is not within its valid time range."),
  3921996: request("The tenant may not receive bound tokens for attested certificates."),
} as const satisfies Record<number, AadstsFacts>;

/** The number after `AADSTS`. */
export type AadstsCode = keyof typeof AADSTS;

/** A refusal of the token endpoint; `toBody` makes Entra's JSON of it. */
export class EntraError extends Error {
  override readonly name = "EntraError";
  readonly code: AadstsCode;
  readonly status: number;

  /** @param blanks what fills the `{name}`s of the sentence */
  constructor(code: AadstsCode, blanks: Readonly<Record<string, string>> = {}) {
    super(`AADSTS${code}: ${AADSTS[code].text.replaceAll(/\{(\w+)\}/g, (blank, name: string) => blanks[name] ?? blank)}`);
    this.code = code;
    this.status = AADSTS[code].status;
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
      error: AADSTS[this.code].error,
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
