import { type Answer, json } from "../server/answer.js";
import type { Exchange } from "../server/exchange.js";
import { epochSeconds, readChanges, readFields } from "./key-vault-body.js";
import { deletedButRecoverable, notFound, vaultError } from "./key-vault-errors.js";
import { type DeletedObject, isObjectName, type ObjectStore, type ObjectVersion } from "./key-vault-objects.js";
import { pageOf } from "./key-vault-page.js";

/** How long a deleted object is kept, as the vault says; nothing is purged by itself here. */
const RETENTION_MS = 90 * 24 * 60 * 60 * 1000;

/** What secrets and certificates do alike, each in its own words. */
export interface Collection<T extends ObjectVersion> {
  /** In paths; the deleted ones are under `deleted{path}`. */
  readonly path: "secrets" | "certificates";
  /** In errors: `Secret`, `Certificate`. */
  readonly kind: string;
  readonly store: ObjectStore<T>;
  /** What a request needs of a role: the last words of a data action, such as `getSecret/action`. */
  readonly actions: Readonly<Record<"get" | "list" | "write" | "update" | "delete" | "recover" | "purge", string>>;
  /** As one is answered. */
  bundle(object: T, url: URL): object;
  /** As lists show it: without what is secret. */
  item(object: T, url: URL): object;
  /** Whether a GET is answered 403 although there is one. */
  refuse?(object: T): Answer | undefined;
  /** Adds a version: by PUT on the name, or by POST on a word below it. */
  readonly write: { readonly method: string; readonly word?: string; add(name: string, body: Buffer): T | undefined };
}

/** A request for a collection, split. */
export interface CollectionRequest {
  readonly exchange: Exchange;
  readonly isDeleted: boolean;
  readonly name: string | undefined;
  /** A version, or a word such as `versions`. */
  readonly detail: string | undefined;
  /** The 403 of a caller without a role. */
  readonly forbidden: (action: string) => Answer | undefined;
}

/** Answers an authenticated request for secrets or certificates. */
export function answerCollection<T extends ObjectVersion>(collection: Collection<T>, request: CollectionRequest): Answer {
  const { name } = request;
  if (name !== undefined && !isObjectName(name)) {
    return vaultError(400, "BadParameter", `The request URI contains an invalid name: ${name}`);
  }
  if (name === undefined) return answerList(collection, request);
  return request.isDeleted ? answerDeleted(collection, request, name) : answerObject(collection, request, name);
}

function answerList<T extends ObjectVersion>(collection: Collection<T>, { exchange, isDeleted, forbidden }: CollectionRequest): Answer {
  const { store, actions } = collection;
  const { url, request } = exchange;
  if (request.method !== "GET") return notAllowed(request.method);
  const items = isDeleted
    ? store.listDeleted().map((one) => ({ ...collection.item(one.latest, url), ...deletion(collection, one, url) }))
    : store.list().map((one) => collection.item(one, url));
  return forbidden(actions.list) ?? pageOf(items, url);
}

function answerObject<T extends ObjectVersion>(collection: Collection<T>, request: CollectionRequest, name: string): Answer {
  const { store, actions, write } = collection;
  const { detail, forbidden } = request;
  const { url, body } = request.exchange;
  const { method } = request.exchange.request;
  if (method === write.method && detail === write.word) {
    if (store.getDeleted(name)) return forbidden(actions.write) ?? deletedButRecoverable(collection.kind, name);
    const refused = forbidden(actions.write);
    if (refused) return refused;
    const added = write.add(name, body);
    return added ? json(200, collection.bundle(added, url)) : vaultError(400, "BadParameter", "Property value has invalid value.");
  }
  const missing = notFound(collection.kind, detail === undefined || detail === "versions" ? name : `${name}/${detail}`);
  switch (method) {
    case "GET": {
      if (detail === "versions") {
        return (
          forbidden(actions.list) ??
          pageOf(
            store.versions(name).map((one) => collection.item(one, url)),
            url,
          )
        );
      }
      const object = store.get(name, detail);
      return forbidden(actions.get) ?? (object ? (collection.refuse?.(object) ?? json(200, collection.bundle(object, url))) : missing);
    }
    case "PATCH": {
      const refused = forbidden(actions.update);
      if (refused) return refused;
      const updated = store.update(name, detail, readChanges(readFields(body) ?? {}));
      return updated ? json(200, collection.item(updated, url)) : missing;
    }
    case "DELETE": {
      if (detail !== undefined) return notAllowed(method);
      const refused = forbidden(actions.delete);
      if (refused) return refused;
      const deleted = store.softDelete(name);
      return deleted ? json(200, deletedBundle(collection, deleted, url)) : missing;
    }
    default:
      return notAllowed(method);
  }
}

function answerDeleted<T extends ObjectVersion>(collection: Collection<T>, request: CollectionRequest, name: string): Answer {
  const { store, actions } = collection;
  const { detail, forbidden } = request;
  const { url } = request.exchange;
  const { method } = request.exchange.request;
  const deleted = store.getDeleted(name);
  const missing = notFound(collection.kind, name);
  if (method === "POST" && detail === "recover") {
    const refused = forbidden(actions.recover);
    if (refused) return refused;
    const recovered = store.recover(name);
    return recovered ? json(200, collection.item(recovered, url)) : missing;
  }
  if (detail !== undefined) return notAllowed(method);
  if (method === "GET") return forbidden(actions.get) ?? (deleted ? json(200, deletedBundle(collection, deleted, url)) : missing);
  if (method !== "DELETE") return notAllowed(method);
  return forbidden(actions.purge) ?? (store.purge(name) ? { status: 204 } : missing);
}

/** As the deletion of one is answered: with what a list shows of it, and never its value. */
function deletedBundle<T extends ObjectVersion>(collection: Collection<T>, deleted: DeletedObject<T>, url: URL): object {
  return { ...deletion(collection, deleted, url), ...collection.item(deleted.latest, url) };
}

function deletion<T extends ObjectVersion>({ path }: Collection<T>, { latest, deletedOn }: DeletedObject<T>, { origin }: URL): object {
  return {
    recoveryId: `${origin}/deleted${path}/${latest.name}`,
    deletedDate: epochSeconds(deletedOn),
    scheduledPurgeDate: epochSeconds(new Date(deletedOn.getTime() + RETENTION_MS)),
  };
}

function notAllowed(method: string): Answer {
  return vaultError(405, "MethodNotAllowed", `The method ${method} is not allowed here.`);
}
