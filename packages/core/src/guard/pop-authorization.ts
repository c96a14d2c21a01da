import { MtlsPopError } from "../errors.js";
import type { AuthorizationScheme } from "../resource/authorization-scheme.js";

/** Longer tokens than this do not come through HTTP headers, in characters. */
const MAX_CHARACTERS = 16 * 1024;
/** Three parts of base64url (RFC 7515 section 7.1); the last is empty in a JWT that nobody signed, which is refused by its algorithm. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** What an `Authorization` header holds. */
export interface PopAuthorization {
  readonly scheme: AuthorizationScheme;
  readonly token: string;
}

/**
 * Reads the `Authorization` header of a request to an API that takes bound tokens. `Bearer` is refused with whatever token: it says that
 * possession of the token is all.
 *
 * @throws {MtlsPopError} `authorization_missing`, `authorization_malformed`, `authorization_scheme_refused`
 * @see PROTOCOL.md section 9
 */
export function readPopAuthorization(header: string | null | undefined): PopAuthorization {
  if (header === undefined || header === null || header === "") {
    throw new MtlsPopError("authorization_missing", "The request has no Authorization header.", { help: EXPECTED });
  }
  if (typeof header !== "string") throw malformed("is no text");
  if (header.length > MAX_CHARACTERS) {
    throw malformed(`has ${header.length} characters; ${MAX_CHARACTERS} at most are read`);
  }
  // RFC 9110 section 11.1: schemes are compared without case
  const [, given = "", token = ""] = /^\s*([^\s,]+)(?:\s+(.*?))?\s*$/s.exec(header) ?? [];
  const scheme = given.toLowerCase();
  if (scheme !== "pop" && scheme !== "mtls_pop") {
    // the scheme alone: where it is missing, the token stands in its place
    const found = scheme === "bearer" || scheme === "basic" || scheme === "dpop" ? `has the scheme ${scheme}` : "has another scheme";
    throw new MtlsPopError("authorization_scheme_refused", `The Authorization header ${found}; bound tokens come with pop or mtls_pop.`, {
      help: EXPECTED,
    });
  }
  if (!JWT.test(token)) throw malformed(token === "" ? "has no token" : "does not hold exactly one JWT");
  return { scheme, token };
}

const EXPECTED = "The caller sends `Authorization: pop {token}` or `mtls_pop {token}` over mutual TLS, once.";

function malformed(flaw: string): MtlsPopError {
  return new MtlsPopError("authorization_malformed", `The Authorization header ${flaw}.`, { help: EXPECTED });
}
