/** Longer claims than this are no challenge of Entra's, in characters of base64. */
const MAX_CLAIMS_LENGTH = 16 * 1024;
/** A scheme at the start of a challenge, or `name=value` within one (RFC 9110 section 11.6.1). */
const CHALLENGE_PART = /(?<![\w!#$%&'*+.^`|~-])([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|(?=\s|,|$))/g;

/**
 * The claims that a resource asks for in its answer with status 401, when it says that the token's are insufficient (continuous access
 * evaluation).
 *
 * @param wwwAuthenticate the header's value, with several challenges or several headers joined by commas
 * @returns JSON, for `claims` of the next token request
 * @see PROTOCOL.md section 4
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export function claimsChallenge(wwwAuthenticate: string | undefined): string | undefined {
  if (!wwwAuthenticate) return undefined;
  return challenges(wwwAuthenticate)
    .filter((parameters) => parameters.get("error") === "insufficient_claims")
    .map((parameters) => decodeClaims(parameters.get("claims")))
    .find((claims) => claims !== undefined);
}

/** The challenges' parameters by lower-case name; without their schemes. */
export function challenges(header: string): Map<string, string>[] {
  const found: Map<string, string>[] = [];
  for (const [, name = "", quoted, plain] of header.matchAll(CHALLENGE_PART)) {
    const value = quoted?.replace(/\\(.)/g, "$1") ?? plain;
    if (value === undefined) found.push(new Map());
    else found.at(-1)?.set(name.toLowerCase(), value);
  }
  return found;
}

function decodeClaims(base64: string | undefined): string | undefined {
  if (!base64 || base64.length > MAX_CLAIMS_LENGTH) return undefined;
  const json = Buffer.from(base64, "base64").toString("utf8");
  try {
    const claims: unknown = JSON.parse(json);
    return typeof claims === "object" && claims !== null && !Array.isArray(claims) ? json : undefined;
  } catch {
    return undefined;
  }
}
