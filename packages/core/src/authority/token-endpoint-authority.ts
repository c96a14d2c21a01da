import { MtlsPopError } from "../errors.js";
import { assertOptions, type OptionRule, plainCopy, text } from "../internal/options.js";
import type { TokenType } from "../token/token-response.js";
import { isCloudHost } from "./clouds.js";

/** An authorization server by RFC 8705 that is not Entra: where it is asked, and what it calls the tokens that it binds. */
export interface TokenEndpointAuthority {
  /** An https URL, asked as it is. Its host is shown the certificate, since it is named here; no other one is. */
  tokenEndpoint: string | URL;
  /**
   * What the server writes as `token_type` of a token that is bound: `"Bearer"` by RFC 8705, where only the token itself tells that it is
   * bound; `"mtls_pop"` where the server follows Entra, and is asked for it by that name.
   */
  tokenType: TokenType;
}

/** The same, read. */
export interface Rfc8705Authority {
  readonly kind: "rfc8705";
  /** The token endpoint; the cache knows the server by it. */
  readonly environment: string;
  readonly boundTokenType: TokenType;
}

const RULES = {
  tokenEndpoint: { expected: "an https URL", test: (value) => value instanceof URL || text.test(value), required: true },
  tokenType: {
    expected: '"Bearer" (RFC 8705) or "mtls_pop" (Entra\'s)',
    test: (value) => value === "Bearer" || value === "mtls_pop",
    required: true,
  },
} satisfies Record<keyof TokenEndpointAuthority, OptionRule>;

/**
 * Reads the authority of a server that is not Entra. Nothing is made of its token endpoint: no other host, no tenant, no region.
 *
 * @throws {MtlsPopError} `invalid_options`; `invalid_authority` for what is no https URL, and for a host of Entra's, whose bound tokens
 * are never `Bearer`
 * @see RFC 6749 section 3.2, RFC 8705 section 2
 */
export function tokenEndpointAuthority(given: TokenEndpointAuthority): Rfc8705Authority {
  const authority = plainCopy("authority", given);
  assertOptions("authority", authority, RULES);
  const written = String(authority.tokenEndpoint).trim();
  if (!/^https:\/\/[^/\\]/i.test(written) || !URL.canParse(written)) throw invalid("is no https URL");
  const url = new URL(written);
  if (url.username || url.password) throw invalid("has a user name or password in it");
  // RFC 6749 section 3.2: a query is kept, a fragment there must not be
  if (written.includes("#")) throw invalid("has a fragment");
  if (isCloudHost(url.hostname)) {
    throw new MtlsPopError("invalid_authority", `The token endpoint at ${url.host} is Entra's, which is not asked as another server is.`, {
      help: 'Pass the authority as a text, such as "https://login.microsoftonline.com/{tenant id}".',
    });
  }
  return { kind: "rfc8705", environment: url.href, boundTokenType: authority.tokenType };
}

function invalid(what: string): MtlsPopError {
  // the text stays out of the message: user info in it may be a password
  return new MtlsPopError("invalid_authority", `\`tokenEndpoint\` of \`authority\` ${what}.`, {
    help: 'Use the token endpoint that the server publishes for mutual TLS, such as "https://as.example/token".',
  });
}
