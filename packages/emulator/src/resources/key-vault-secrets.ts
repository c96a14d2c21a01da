import type { Answer } from "../server/answer.js";
import { asObject, attributesOf, epochSeconds, readFields, readTags } from "./key-vault-body.js";
import type { Collection } from "./key-vault-collection.js";
import { vaultError } from "./key-vault-errors.js";
import type { SecretInput, SecretStore, StoredSecret } from "./secret-store.js";

/** What a vault does with secrets. */
export function secretCollection(store: SecretStore): Collection<StoredSecret> {
  return {
    path: "secrets",
    kind: "Secret",
    store,
    actions: {
      get: "getSecret/action",
      list: "readMetadata/action",
      write: "setSecret/action",
      update: "update/action",
      delete: "delete",
      recover: "recover/action",
      purge: "purge/action",
    },
    bundle: (secret, url) => ({ value: secret.value, ...secretItem(secret, url) }),
    item: secretItem,
    refuse: ({ enabled }): Answer | undefined =>
      enabled ? undefined : vaultError(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled"),
    write: {
      method: "PUT",
      add: (name, body) => {
        const input = readSecretInput(body);
        return input && store.set(name, input);
      },
    },
  };
}

function secretItem(secret: StoredSecret, { origin }: URL): object {
  const { name, version, contentType, tags, notBefore, expiresOn, certificateVersion } = secret;
  const validity = { ...(notBefore && { nbf: epochSeconds(notBefore) }), ...(expiresOn && { exp: epochSeconds(expiresOn) }) };
  return {
    id: `${origin}/secrets/${name}/${version}`,
    ...(contentType === undefined ? {} : { contentType }),
    attributes: attributesOf(secret, validity),
    ...(certificateVersion === undefined ? {} : { kid: `${origin}/keys/${name}/${certificateVersion}`, managed: true }),
    ...(tags ? { tags } : {}),
  };
}

function readSecretInput(body: Buffer): SecretInput | undefined {
  const fields = readFields(body) ?? {};
  const { value, contentType } = { value: fields["value"], contentType: fields["contentType"] };
  if (typeof value !== "string") return undefined;
  const attributes = asObject(fields["attributes"]) ?? {};
  const { nbf, exp, enabled } = { nbf: attributes["nbf"], exp: attributes["exp"], enabled: attributes["enabled"] };
  return {
    value,
    enabled: enabled !== false,
    ...(typeof contentType === "string" ? { contentType } : {}),
    ...(typeof nbf === "number" ? { notBefore: new Date(nbf * 1000) } : {}),
    ...(typeof exp === "number" ? { expiresOn: new Date(exp * 1000) } : {}),
    ...readTags(fields),
  };
}
