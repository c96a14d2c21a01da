import { BOUND_TO_ANOTHER } from "../internal/confirmation-mismatch.js";
import { challenges } from "./challenge.js";

/**
 * What Key Vault and Graph say in an answer with status 401 to a token whose `cnf` is not the certificate's of the connection.
 *
 * @see PROTOCOL.md section 4
 */
const MARKER = "MtlsCnfClaimRequestDataValidationFailed";

/**
 * Whether a 401 says that token and connection do not belong together. `invalid_token` alone does not: it is said of every flaw of a token
 * (RFC 6750 section 3.1, RFC 8705 section 3).
 *
 * @param wwwAuthenticate the header's value
 * @param body the answer's, decoded, or the beginning of it
 */
export function namesBindingMismatch(wwwAuthenticate: string | undefined, body?: string): boolean {
  if (body?.includes(MARKER) || wwwAuthenticate?.includes(MARKER)) return true;
  if (!wwwAuthenticate?.includes(BOUND_TO_ANOTHER)) return false;
  return challenges(wwwAuthenticate).some((challenge) => {
    return challenge.get("error") === "invalid_token" && challenge.get("error_description") === BOUND_TO_ANOTHER;
  });
}
