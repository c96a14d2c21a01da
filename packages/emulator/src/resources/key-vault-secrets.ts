import { type Answer, json } from "../server/answer.js";
import type { Exchange } from "../server/exchange.js";
import { forbiddenByRbac, secretNotFound, vaultError } from "./key-vault-errors.js";
import { isSecretName, type SecretInput, type SecretStore, type StoredSecret } from "./secret-store.js";

const API_VERSIONS: ReadonlySet<string> = new Set(["2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6"]);

/**
 * Answers an authenticated request for a secret.
 *
 * @param isPermitted whether the caller has a role in this vault
 */
export function answerSecretRequest(
  { request, url, body }: Exchange,
  secrets: SecretStore,
  clientId: string,
  isPermitted: boolean,
): Answer {
  const apiVersion = request.query["api-version"];
  if (apiVersion === undefined) return vaultError(400, "BadParameter", "api-version must be specified");
  if (!API_VERSIONS.has(apiVersion)) {
    const advice = "Consider using the latest supported version (7.6).";
    return vaultError(400, "BadParameter", `The specified version (${apiVersion}) is not recognized. ${advice}`);
  }
  const [, collection, name, version, ...rest] = request.path.split("/");
  if (collection !== "secrets" || name === undefined || rest.length > 0) return vaultError(404, "NotFound", "Resource not found.");
  if (!isSecretName(name)) return vaultError(400, "BadParameter", `The request URI contains an invalid name: ${name}`);
  if (request.method === "GET") {
    if (!isPermitted) return forbiddenByRbac(clientId, "getSecret", request.path);
    return getSecret(secrets, url, name, version === "" ? undefined : version);
  }
  if (request.method === "PUT" && version === undefined) {
    return isPermitted ? putSecret(secrets, url, name, body) : forbiddenByRbac(clientId, "setSecret", request.path);
  }
  return vaultError(405, "MethodNotAllowed", `The method ${request.method} is not allowed here.`);
}

function getSecret(secrets: SecretStore, url: URL, name: string, version: string | undefined): Answer {
  const secret = secrets.get(name, version);
  if (!secret) return secretNotFound(version === undefined ? name : `${name}/${version}`);
  if (!secret.enabled) return vaultError(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled");
  return json(200, secretBundle(secret, url));
}

function putSecret(secrets: SecretStore, url: URL, name: string, body: Buffer): Answer {
  const input = readSecretInput(body);
  if (!input) return vaultError(400, "BadParameter", "Property value has invalid value.");
  return json(200, secretBundle(secrets.set(name, input), url));
}

function secretBundle({ value, name, version, contentType, tags, enabled, createdOn, expiresOn }: StoredSecret, url: URL): unknown {
  const seconds = epochSeconds(createdOn);
  return {
    value,
    ...(contentType === undefined ? {} : { contentType }),
    id: `${url.origin}/secrets/${name}/${version}`,
    attributes: {
      enabled,
      ...(expiresOn ? { exp: epochSeconds(expiresOn) } : {}),
      created: seconds,
      updated: seconds,
      recoveryLevel: "Recoverable+Purgeable",
      recoverableDays: 90,
    },
    ...(tags ? { tags } : {}),
  };
}

function readSecretInput(body: Buffer): SecretInput | undefined {
  const given = parseObject(body.toString("utf8"));
  const value = given?.["value"];
  if (typeof value !== "string") return undefined;
  const attributes = asObject(given?.["attributes"]) ?? {};
  const { exp, enabled } = { exp: attributes["exp"], enabled: attributes["enabled"] };
  const contentType = given?.["contentType"];
  const tags = Object.entries(asObject(given?.["tags"]) ?? {}).map(([tag, text]) => [tag, String(text)]);
  return {
    value,
    enabled: enabled !== false,
    ...(typeof contentType === "string" ? { contentType } : {}),
    ...(typeof exp === "number" ? { expiresOn: new Date(exp * 1000) } : {}),
    ...(tags.length > 0 ? { tags: Object.fromEntries(tags) } : {}),
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
}

function epochSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
