import { randomUUID } from "node:crypto";

/** Whether a vault takes this as the name of a secret. */
export function isSecretName(name: string): boolean {
  return /^[0-9A-Za-z-]{1,127}$/.test(name);
}

/** A secret as it is put in. */
export interface SecretInput {
  readonly value: string;
  readonly contentType?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** @default true */
  readonly enabled?: boolean;
  readonly expiresOn?: Date;
}

/** One version of a secret. */
export interface StoredSecret extends SecretInput {
  readonly name: string;
  /** 32 hex digits. */
  readonly version: string;
  readonly enabled: boolean;
  readonly createdOn: Date;
}

/** Secrets by name, compared without case, each with its versions. */
export class SecretStore {
  readonly #secrets = new Map<string, StoredSecret[]>();

  /**
   * Adds a version.
   *
   * @throws {TypeError} for a name that no vault takes
   */
  set(name: string, secret: string | SecretInput): StoredSecret {
    if (!isSecretName(name)) throw new TypeError(`A secret's name is 1 to 127 letters, digits and dashes, not "${name}".`);
    const input = typeof secret === "string" ? { value: secret } : secret;
    const version = randomUUID().replaceAll("-", "");
    const stored: StoredSecret = { enabled: true, ...input, name, version, createdOn: new Date() };
    this.#secrets.set(name.toLowerCase(), [...(this.#secrets.get(name.toLowerCase()) ?? []), stored]);
    return stored;
  }

  /** One version, or the latest. */
  get(name: string, version?: string): StoredSecret | undefined {
    const versions = this.#secrets.get(name.toLowerCase());
    return version === undefined ? versions?.at(-1) : versions?.find((one) => one.version === version);
  }

  has(name: string): boolean {
    return this.#secrets.has(name.toLowerCase());
  }

  /** Removes every version. */
  delete(name: string): boolean {
    return this.#secrets.delete(name.toLowerCase());
  }

  /** The latest version of each, in the order of their making. */
  list(): StoredSecret[] {
    return [...this.#secrets.values()].flatMap((versions) => versions.at(-1) ?? []);
  }
}
