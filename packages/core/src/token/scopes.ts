import { MtlsPopError } from "../errors.js";
import { textList } from "../internal/options.js";

/** What the client credentials grant of Entra asks for: everything that the resource has granted the application. */
const DEFAULT = "/.default";

/** As much of a wrong scope as an error repeats, in characters. */
const MAX_SHOWN = 200;

/**
 * Scopes in the order of the cache key.
 *
 * @returns one string, sorted, joined by spaces
 * @throws {MtlsPopError} `invalid_options` when there is none, or one that names no resource's `/.default`
 */
export function scopeKey(scopes: readonly string[]): string {
  const only: unknown = scopes.length === 1 ? scopes[0] : undefined;
  if (typeof only === "string" && isScope(only)) return only;
  if (!textList.test(scopes) || scopes.length === 0) {
    throw new MtlsPopError("invalid_options", '`scopes` must name the resource, such as ["https://vault.azure.net/.default"].');
  }
  for (const scope of scopes) if (!isScope(scope)) throw notDefault(scope);
  return [...new Set(scopes)].sort().join(" ");
}

/** What a scope is made of (RFC 6749 section 3.3). */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * The same for a server that is not Entra: scopes are its own, and there may be none.
 *
 * @returns one string, sorted, joined by spaces; empty for no scope
 * @throws {MtlsPopError} `invalid_options`
 * @see RFC 6749 section 3.3
 */
export function serverScopeKey(scopes: readonly string[]): string {
  if (!textList.test(scopes)) throw new MtlsPopError("invalid_options", "`scopes` must be an array of the server's scopes.");
  // what a resource has as its `scope` may be several, as in the request
  const tokens = scopes.flatMap((scope) => scope.split(" ").filter(Boolean));
  if (!tokens.every((token) => SCOPE_TOKEN.test(token))) {
    throw new MtlsPopError("invalid_options", "A scope holds a character that no scope may have.", {
      help: 'Use printable ASCII characters without `"` and `\\`, as the server has them.',
    });
  }
  return [...new Set(tokens)].sort().join(" ");
}

/** Of one resource, named; a blank parts scopes (RFC 6749 section 3.3). */
function isScope(scope: string): boolean {
  return scope.endsWith(DEFAULT) && scope.length > DEFAULT.length && !scope.includes(" ");
}

function notDefault(scope: string): MtlsPopError {
  if (scope.endsWith(DEFAULT)) {
    const flaw = scope.includes(" ") ? "has a blank in it" : "names no resource";
    return new MtlsPopError("invalid_options", `A scope ${flaw}.`, {
      help: 'Give each as an entry of its own, such as "https://vault.azure.net/.default".',
    });
  }
  const shown = scope.slice(0, MAX_SHOWN);
  const corrected = `${shown.replace(/\/+$/, "")}${DEFAULT}`;
  return new MtlsPopError("invalid_options", `The scope "${shown}" does not end with "${DEFAULT}", as an application's scopes must.`, {
    help: `Use "${corrected}".`,
  });
}
