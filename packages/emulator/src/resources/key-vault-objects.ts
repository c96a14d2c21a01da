import { randomUUID } from "node:crypto";

/** Whether a vault takes this as the name of a secret or certificate. */
export function isObjectName(name: string): boolean {
  return /^[0-9A-Za-z-]{1,127}$/.test(name);
}

/** One version of something that a vault keeps under a name. */
export interface ObjectVersion {
  readonly name: string;
  /** 32 hex digits. */
  readonly version: string;
  readonly enabled: boolean;
  readonly createdOn: Date;
  readonly updatedOn: Date;
  readonly tags?: Readonly<Record<string, string>>;
}

/** What a vault still has of something that was deleted over HTTP. */
export interface DeletedObject<T extends ObjectVersion> {
  readonly latest: T;
  readonly deletedOn: Date;
}

/** How an object is changed in place. */
export interface ObjectChanges {
  readonly enabled?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}

interface Removed<T extends ObjectVersion> extends DeletedObject<T> {
  readonly versions: readonly T[];
}

/** Objects by name, compared without case, each with its versions; deleted ones stay until they are purged or recovered. */
export class ObjectStore<T extends ObjectVersion> {
  readonly #objects = new Map<string, T[]>();
  readonly #deleted = new Map<string, Removed<T>>();

  /** One version, or the latest. */
  get(name: string, version?: string): T | undefined {
    const versions = this.versions(name);
    return version === undefined ? versions.at(-1) : versions.find((one) => one.version === version);
  }

  has(name: string): boolean {
    return this.#objects.has(name.toLowerCase());
  }

  /** Every version, the oldest first. */
  versions(name: string): readonly T[] {
    return this.#objects.get(name.toLowerCase()) ?? [];
  }

  /** The latest version of each, in the order of their making. */
  list(): T[] {
    return [...this.#objects.values()].flatMap((versions) => versions.at(-1) ?? []);
  }

  /** Removes every version for good. */
  delete(name: string): boolean {
    return this.#objects.delete(name.toLowerCase());
  }

  /** Removes every version and keeps them among the deleted ones. */
  softDelete(name: string): DeletedObject<T> | undefined {
    const versions = this.versions(name);
    const latest = versions.at(-1);
    if (!latest) return undefined;
    const removed = { latest, versions, deletedOn: new Date() };
    this.#deleted.set(name.toLowerCase(), removed);
    this.delete(name);
    return removed;
  }

  getDeleted(name: string): DeletedObject<T> | undefined {
    return this.#deleted.get(name.toLowerCase());
  }

  listDeleted(): DeletedObject<T>[] {
    return [...this.#deleted.values()];
  }

  /** Ends the deletion. */
  recover(name: string): T | undefined {
    const removed = this.#deleted.get(name.toLowerCase());
    if (!removed) return undefined;
    this.#deleted.delete(name.toLowerCase());
    this.#objects.set(name.toLowerCase(), [...removed.versions]);
    return removed.latest;
  }

  /** Forgets a deleted object. */
  purge(name: string): boolean {
    return this.#deleted.delete(name.toLowerCase());
  }

  /** Changes one version in place, the latest unless told otherwise. */
  update(name: string, version: string | undefined, changes: ObjectChanges): T | undefined {
    const versions = this.#objects.get(name.toLowerCase()) ?? [];
    const index = version === undefined ? versions.length - 1 : versions.findIndex((one) => one.version === version);
    const present = versions[index];
    if (!present) return undefined;
    const updated = { ...present, ...changes, updatedOn: new Date() };
    versions[index] = updated;
    return updated;
  }

  /** What a new version has beside its own facts. @throws {TypeError} for a name that no vault takes */
  protected stamp<F extends object>(kind: string, name: string, facts: F): F & Omit<ObjectVersion, "enabled"> {
    if (!isObjectName(name)) throw new TypeError(`A ${kind}'s name is 1 to 127 letters, digits and dashes, not "${name}".`);
    const now = new Date();
    return { ...facts, name, version: randomUUID().replaceAll("-", ""), createdOn: now, updatedOn: now };
  }

  /** Takes a version in, as the latest. */
  protected keep(object: T): T {
    const key = object.name.toLowerCase();
    this.#objects.set(key, [...(this.#objects.get(key) ?? []), object]);
    return object;
  }
}
