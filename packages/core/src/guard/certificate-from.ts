import { type OptionRule, record, text } from "../internal/options.js";

/**
 * Where the client certificate of a request comes from. A certificate is public, so a header that a caller can set proves nothing, and
 * nothing in a process shows who set it: only its owner knows.
 *
 * - `"connection"`: the TLS connection of this very process, which has seen the proof of the key. A `node:https` server with
 *   `requestCert: true`.
 * - `"app-service-required"`: the header `X-ARR-ClientCert`. Only where App Service or Functions has `clientCertEnabled: true`,
 *   `clientCertMode: "Required"` and no exclusion path over the API, and nothing but its front end reaches the process.
 * - `{ header, setBy }`: a header of a proxy of yours that ends TLS and replaces whatever came under that name.
 */
export type CertificateFrom = "app-service-required" | "connection" | ForwardedCertificate;

/** The header in which a proxy forwards the certificate that it was shown. */
export interface ForwardedCertificate {
  /** Its name, such as `x-client-cert`. */
  readonly header: string;
  /** Who replaces it in every request, such as `nginx`; it stands in errors, and makes whoever writes it think of who that is. */
  readonly setBy: string;
}

/** What App Service's front end forwards the certificate in, as base64 of its DER. */
const APP_SERVICE: ForwardedCertificate = { header: "x-arr-clientcert", setBy: "App Service" };

/** RFC 9110 section 5.6.2 */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,128}$/;

/** The option `certificateFrom` as a rule for those who take it. */
export const certificateFromRule: OptionRule = {
  expected: '"app-service-required", "connection" or { header, setBy } with the name of a header and of the proxy that sets it',
  test: (value) => value === "app-service-required" || value === "connection" || isForwarded(value),
  required: true,
};

/** The header to look at; nothing where the connection is asked. */
export function forwardingHeader(from: CertificateFrom): ForwardedCertificate | undefined {
  if (from === "connection") return undefined;
  return from === "app-service-required" ? APP_SERVICE : from;
}

function isForwarded(value: unknown): boolean {
  if (!record.test(value)) return false;
  const { header, setBy, ...unknown }: Record<string, unknown> = { ...Object(value) };
  return typeof header === "string" && HEADER_NAME.test(header) && text.test(setBy) && Object.keys(unknown).length === 0;
}
