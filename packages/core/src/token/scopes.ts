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
  if (typeof only === "string" && only.endsWith(DEFAULT)) return only;
  if (!textList.test(scopes) || scopes.length === 0) {
    throw new MtlsPopError("invalid_options", '`scopes` must name the resource, such as ["https://vault.azure.net/.default"].');
  }
  for (const scope of scopes) if (!scope.endsWith(DEFAULT)) throw notDefault(scope);
  return [...new Set(scopes)].sort().join(" ");
}

function notDefault(scope: string): MtlsPopError {
  const shown = scope.slice(0, MAX_SHOWN);
  const corrected = `${shown.replace(/\/+$/, "")}${DEFAULT}`;
  return new MtlsPopError("invalid_options", `The scope "${shown}" does not end with "${DEFAULT}", as an application's scopes must.`, {
    help: `Use "${corrected}".`,
  });
}
