import { createHash } from "node:crypto";
import type { AuthenticationResult } from "../application/authentication-result.js";
import { assertOptions, milliseconds, type OptionRule } from "../internal/options.js";
import { type TokenStore, tokenStoreRule } from "./token-store.js";

/** A token leaves the cache this long before it ends, so that a call that begins with it can end with it. */
export const EXPIRY_BUFFER_MS: number = 5 * 60 * 1000;

/** How long after a token came, or after a background refresh that failed, the next one waits. */
const REFRESH_BACKOFF_MS = 30 * 1000;

const wholeNumber: OptionRule = { expected: "a whole number above 0", test: (value) => Number.isSafeInteger(value) && Number(value) > 0 };

/** One remembered token. */
interface CacheEntry {
  /** As every hit gets it. */
  result: AuthenticationResult;
  readonly usableFromMs: number;
  readonly usableUntilMs: number;
  /** From when on a hit starts a refresh behind it. */
  refreshFromMs: number;
}

/** Options of {@link TokenCache}. */
export interface TokenCacheOptions {
  /** How many tokens are kept in memory. @default 2000 */
  maxEntries?: number;
  /** Where bound tokens are looked for before one is asked for, and put. @default nowhere: tokens stay in this process */
  store?: TokenStore;
  /** Milliseconds that the store may take to read, to write, or to give this process its turn; then it is gone without. @default 10000 */
  storeTimeoutMs?: number;
}

/**
 * Tokens in memory, bounded; the least recently used goes first. Applications have one each unless they are given a common one, and then
 * share the tokens of the same certificate, or of the same `clientAssertion` function.
 */
export class TokenCache {
  readonly #entries = new Map<string, CacheEntry>();
  readonly #maxEntries: number;
  readonly #store: TokenStore | undefined;
  readonly #storeTimeoutMs: number;

  /** @throws {MtlsPopError} `invalid_options` */
  constructor(options: TokenCacheOptions = {}) {
    assertOptions("TokenCache", options, { maxEntries: wholeNumber, store: tokenStoreRule, storeTimeoutMs: milliseconds });
    this.#maxEntries = options.maxEntries ?? 2000;
    this.#store = options.store;
    this.#storeTimeoutMs = options.storeTimeoutMs ?? 10_000;
  }

  /** Where bound tokens are kept in common with other processes. */
  get store(): TokenStore | undefined {
    return this.#store;
  }

  get storeTimeoutMs(): number {
    return this.#storeTimeoutMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry for a key while its token is usable. */
  get(key: string, nowMs: number): CacheEntry | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (nowMs >= entry.usableUntilMs || nowMs < entry.usableFromMs) {
      this.#entries.delete(key);
      return undefined;
    }
    if (this.#entries.size > this.#maxEntries / 2) {
      // to the end of the line; a cache with room has no need to order it
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** Keeps a token, unless it is as good as over already. */
  set(key: string, result: AuthenticationResult, nowMs: number): void {
    const usableUntilMs = usableUntil(result);
    this.#entries.delete(key);
    // the other way round, so that a date that is none is not kept
    if (!(usableUntilMs > nowMs)) return;
    // a service that wants every token refreshed at once is not asked at every call
    const refreshFromMs = Math.max(result.refreshOn?.getTime() ?? Number.POSITIVE_INFINITY, nowMs + REFRESH_BACKOFF_MS);
    // a clock that was set back by more than the buffer would make a token out of time seem good
    const usableFromMs = nowMs - EXPIRY_BUFFER_MS;
    this.#entries.set(key, { result, usableFromMs, usableUntilMs, refreshFromMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries) break;
      this.#entries.delete(oldest);
    }
  }

  /** Puts off the next background refresh of an entry whose last one failed. */
  postponeRefresh(key: string, nowMs: number): void {
    const entry = this.#entries.get(key);
    if (entry) entry.refreshFromMs = nowMs + REFRESH_BACKOFF_MS;
  }

  /** Forgets every token. */
  clear(): void {
    this.#entries.clear();
  }
}

/** Until when a token is served, in milliseconds since 1970. */
export function usableUntil({ bindingCertificate, expiresOn }: AuthenticationResult): number {
  return Math.min(expiresOn.getTime() - EXPIRY_BUFFER_MS, bindingCertificate?.notAfter.getTime() ?? Number.POSITIVE_INFINITY);
}

/**
 * What of a request, beside the obvious, makes another token: `fmi_path`, extra body parameters, client capabilities.
 *
 * @returns a hash for the cache key, empty when there is nothing
 */
export function variantOf(parts: {
  fmiPath?: string | undefined;
  extraBodyParameters?: Readonly<Record<string, string>> | undefined;
  clientCapabilities?: readonly string[] | undefined;
}): string {
  const extra = Object.entries(parts.extraBodyParameters ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const capabilities = [...(parts.clientCapabilities ?? [])].sort();
  if (!parts.fmiPath && extra.length === 0 && capabilities.length === 0) return "";
  return createHash("sha256")
    .update(JSON.stringify([parts.fmiPath ?? null, extra, capabilities]))
    .digest("base64url");
}
