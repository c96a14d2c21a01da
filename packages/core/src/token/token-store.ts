import { callable, type OptionRule, record } from "../internal/options.js";

/**
 * Where several processes keep bound tokens in common: a folder, Redis, a table. Only tokens that are bound to a certificate come here, since whoever
 * reads a Bearer token could use it. A store that fails or is slow is told to the logger and gone without.
 *
 * Who can write here decides which token the application sends, so it is guarded like the application's own memory.
 *
 * @example
 * ```ts
 * const redis = createStore();
 * const cache = new TokenCache({
 *   store: {
 *     read: (key) => redis.get(`mtls-pop:${key}`),
 *     write: (key, value, expiresOn) => redis.set(`mtls-pop:${key}`, value, expiresOn),
 *   },
 * });
 *
 * declare function createStore(): {
 *   get(key: string): Promise<string | undefined>;
 *   set(key: string, value: string, expiresOn: Date): Promise<void>;
 * };
 * ```
 */
export interface TokenStore {
  /** @param key 43 characters of base64url, the same in every process that asks for the same with the same certificate */
  read(key: string): Promise<string | undefined>;
  /**
   * Replaces what is kept under a key.
   *
   * @param value JSON, a few KiB
   * @param expiresOn from when on it is of no use
   */
  write(key: string, value: string, expiresOn: Date): Promise<void>;
  /**
   * Does the work while no other process does work for the same key, so that of many that start at once one asks for the token. Without it each
   * may ask.
   */
  exclusively?<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/** The option `store` as a rule for those who take it. */
export const tokenStoreRule: OptionRule = {
  expected: "a store with read() and write(), and exclusively() where it can lock",
  test: (value) => {
    if (!record.test(value)) return false;
    const [read, write, exclusively]: unknown[] = ["read", "write", "exclusively"].map((name) => Reflect.get(Object(value), name));
    return callable.test(read) && callable.test(write) && (exclusively === undefined || callable.test(exclusively));
  },
};
