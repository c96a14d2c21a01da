import { type Answer, json } from "../server/answer.js";
import { vaultError } from "./key-vault-errors.js";

/** As many as a page has at most, and unless it is told otherwise. */
const MAX_RESULTS = 25;

/**
 * One page of a list, with the link to the next one.
 *
 * @param url of the request, with `maxresults` and, from the second page on, the `$skiptoken` of the link
 * @see https://learn.microsoft.com/rest/api/keyvault/secrets/get-secrets/get-secrets
 */
export function pageOf(items: readonly unknown[], url: URL): Answer {
  const asked = url.searchParams.get("maxresults");
  const size = asked === null ? MAX_RESULTS : Number(asked);
  if (!Number.isInteger(size) || size < 1 || size > MAX_RESULTS) {
    return vaultError(400, "BadParameter", `maxresults must be between 1 and ${MAX_RESULTS}.`);
  }
  const from = Number(url.searchParams.get("$skiptoken") ?? 0);
  const next = new URL(url);
  next.searchParams.set("$skiptoken", String(from + size));
  return json(200, { value: items.slice(from, from + size), nextLink: from + size < items.length ? next.href : null });
}
