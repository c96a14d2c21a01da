import { MtlsPopError } from "../errors.js";
import { retryAfterSeconds } from "../internal/retry-after.js";
import { codeOf, type EntraErrorAnswer, firstSentence, isTransient, parseObject, text } from "./entra-error.js";

/** What each error means where a client proves itself with its certificate. @see RFC 6749 section 5.2, RFC 8705 section 2, RFC 8707 section 2 */
const ADVICE: Readonly<Record<string, string>> = {
  invalid_client:
    "Compare what the server has registered for the client (certificate or subject, tls_client_auth or self_signed_tls_client_auth) with the certificate.",
  unauthorized_client: "Have the client registered for the grant type client_credentials.",
  unsupported_grant_type: "Check that the server offers client_credentials.",
  invalid_scope: "Use scopes as the server has them; Entra's `/.default` is known to Entra alone.",
  invalid_target: "Name the resource as the server knows it, in `extraBodyParameters: { resource }`.",
};

/**
 * Turns the refusal of a token endpoint that is not Entra's into an error: the server's own error and first sentence. No numbers are read
 * out of it, since none of Entra's can be in it.
 *
 * @returns `code` is the OAuth error where it is a known one, else `service_error`; retryable for 408, 429 and 5xx
 * @see RFC 6749 section 5.2
 */
export function serverError({ status, headers, body, host, correlationId, nowMs }: EntraErrorAnswer): MtlsPopError {
  const answer = parseObject(body);
  const error = text(answer?.["error"]);
  const facts = {
    correlationId,
    statusCode: status,
    retryAfterSeconds: retryAfterSeconds(headers["retry-after"], nowMs),
    ...(isTransient(status) && { retryable: true }),
  };
  if (error === undefined) {
    return new MtlsPopError("service_error", `${host} answered the token request with ${status} and no OAuth error.`, {
      ...facts,
      help: "Check that `tokenEndpoint` is the server's; a proxy or gateway may have answered in its place.",
    });
  }
  const description = firstSentence(text(answer?.["error_description"]) ?? "") || "no description";
  return new MtlsPopError(codeOf(error), `${host} refused the token request (${status}, ${firstSentence(error)}): ${description}`, {
    ...facts,
    help: Object.hasOwn(ADVICE, error) ? ADVICE[error] : undefined,
  });
}
