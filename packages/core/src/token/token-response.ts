import { MtlsPopError } from "../errors.js";

/** `mtls_pop`: bound to a certificate (RFC 8705 section 3). `Bearer`: bound to nothing, unless a server that is not Entra calls so what it binds. */
export type TokenType = "mtls_pop" | "Bearer";

/** What a token request was for. */
export interface AskedToken {
  readonly tokenType: TokenType;
  readonly scope: string;
  readonly correlationId: string;
  /** Another server than Entra was asked. @default false */
  readonly plainServer?: boolean;
}

/** A token endpoint's successful answer, checked. */
export interface TokenResponse {
  readonly accessToken: string;
  readonly tokenType: TokenType;
  readonly expiresInSeconds: number;
  readonly refreshInSeconds: number | undefined;
  /** As granted, or as asked when the answer does not say. */
  readonly scopes: readonly string[];
}

/**
 * Reads the JSON of a 200 answer. A token type other than the one asked for is refused, whatever else the answer holds: a bound
 * request never ends in a Bearer token.
 *
 * @param body the answer's text
 * @param asked what the request was for
 * @throws {MtlsPopError} `invalid_token_response`, `token_type_missing`, `token_type_mismatch`
 * @see RFC 6749 section 5.1, RFC 8705 section 3
 */
export function parseTokenResponse(body: string, asked: AskedToken): TokenResponse {
  const { correlationId } = asked;
  const answer = parseObject(body, correlationId);
  assertTokenType(answer["token_type"], asked);
  const accessToken = answer["access_token"];
  if (typeof accessToken !== "string" || accessToken === "") throw malformed("has no `access_token`", correlationId);
  if (!isAccessToken(accessToken)) throw malformed("has an `access_token` with characters that no header takes", correlationId);
  const expiresInSeconds = seconds(answer["expires_in"]);
  if (expiresInSeconds === undefined) throw malformed("has no usable `expires_in` (seconds)", correlationId);
  const granted = scopesOf(answer["scope"]);
  return {
    accessToken,
    tokenType: asked.tokenType,
    expiresInSeconds,
    refreshInSeconds: seconds(answer["refresh_in"]),
    scopes: granted.length > 0 ? granted : scopesOf(asked.scope),
  };
}

/** Whether a value can be a token (RFC 6749 appendix A.12, without the blank: it becomes part of a header). */
export function isAccessToken(value: unknown): boolean {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

function parseObject(body: string, correlationId: string): Record<string, unknown> {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch (cause) {
    // the parser's message quotes the text, which may hold a token
    const reason = cause instanceof Error ? cause.name : "unreadable";
    throw malformed(`is not JSON (${reason}, ${body.length} characters)`, correlationId);
  }
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) throw malformed("is no JSON object", correlationId);
  return answer as Record<string, unknown>;
}

function assertTokenType(found: unknown, { tokenType, correlationId, plainServer }: AskedToken): void {
  if (typeof found !== "string" || found === "") {
    throw new MtlsPopError("token_type_missing", `The token answer has no \`token_type\`, but ${tokenType} was asked for.`, {
      correlationId,
      help: "Without it nobody knows how the token may be used, so it is not used.",
    });
  }
  if (found.toLowerCase() !== tokenType.toLowerCase()) {
    throw new MtlsPopError(
      "token_type_mismatch",
      `A ${tokenType} token was asked for, but the service answered with ${JSON.stringify(found.slice(0, 40))}.`,
      {
        correlationId,
        help: plainServer
          ? "Have the server bind this client's tokens to its certificate (RFC 8705), and give as `authority.tokenType` what it calls them."
          : "Bound tokens may not be enabled for this tenant, application or resource (see AADSTS51000 and AADSTS392196 in docs/errors.md).",
      },
    );
  }
}

function scopesOf(scope: unknown): string[] {
  return typeof scope === "string" ? scope.split(" ").filter(Boolean) : [];
}

/** Ten years; Entra's tokens live a day at most, and what is far beyond has no date. */
const MAX_SECONDS = 10 * 365 * 24 * 3600;

/** Seconds as a number or as digits; anything else is not a duration. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
  return typeof number === "number" && number >= 0 && number <= MAX_SECONDS ? number : undefined;
}

function malformed(what: string, correlationId: string): MtlsPopError {
  return new MtlsPopError("invalid_token_response", `The token answer ${what}.`, {
    correlationId,
    help: "A proxy or captive portal may have answered in the authority's place.",
  });
}
