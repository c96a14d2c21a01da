import type { Answer } from "../server/answer.js";
import type { Exchange } from "../server/exchange.js";
import { certificateCollection } from "./key-vault-certificates.js";
import { answerCollection } from "./key-vault-collection.js";
import { forbiddenByRbac, vaultError } from "./key-vault-errors.js";
import { secretCollection } from "./key-vault-secrets.js";
import type { Vault, VaultCollection } from "./vault.js";

const LATEST = "2025-07-01";
const API_VERSIONS: ReadonlySet<string> = new Set(["2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", LATEST]);

/** Answers an authenticated request. */
export function answerVaultRequest(exchange: Exchange, vault: Vault, clientId: string): Answer {
  const { request } = exchange;
  const apiVersion = request.query["api-version"];
  if (apiVersion === undefined) return vaultError(400, "BadParameter", "api-version must be specified");
  if (!API_VERSIONS.has(apiVersion)) {
    const advice = `Consider using the latest supported version (${LATEST}).`;
    return vaultError(400, "BadParameter", `The specified version (${apiVersion}) is not recognized. ${advice}`);
  }
  const [, first = "", ...rest] = request.path.split("/");
  const isDeleted = first.startsWith("deleted");
  const path = isDeleted ? first.slice("deleted".length) : first;
  // the clients write a slash where a version could stand
  const [name, detail, ...more] = rest.at(-1) === "" ? rest.slice(0, -1) : rest;
  if (more.length > 0) return vaultError(404, "NotFound", "Resource not found.");
  const forbidden = (collection: VaultCollection) => (action: string) =>
    vault.permits(clientId, collection) ? undefined : forbiddenByRbac(clientId, `${collection}/${action}`, request.path);
  const asked = { exchange, isDeleted, name, detail };
  if (path === "secrets") return answerCollection(secretCollection(vault.secrets), { ...asked, forbidden: forbidden(path) });
  if (path === "certificates") return answerCollection(certificateCollection(vault.certificates), { ...asked, forbidden: forbidden(path) });
  return vaultError(404, "NotFound", "Resource not found.");
}
