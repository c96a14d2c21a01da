import { AuthenticationResult, type AuthenticationResultFields, FROM_CACHE } from "../application/authentication-result.js";
import { confirmedResult, isConfirmedBearer } from "../application/confirmed-result.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import type { Clock } from "../internal/clock.js";
import { type Logger, tell } from "../internal/logger.js";
import { SingleFlight } from "../internal/single-flight.js";
import { SharedTokens } from "./shared-tokens.js";
import { ThrottleMemory } from "./throttle-memory.js";
import { type TokenCache, usableUntil } from "./token-cache.js";
import type { TokenType } from "./token-response.js";

/** What an {@link Acquisition} is made of. */
export interface AcquisitionOptions {
  readonly cache: TokenCache;
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
  /** What the authority calls its bound tokens. @default "mtls_pop" */
  readonly boundTokenType?: TokenType;
}

/** How the token that a key stands for is had. */
export interface Inquiry {
  /** Asks the service. */
  readonly ask: (signal: AbortSignal) => Promise<AuthenticationResult>;
  /** The cache key that the token is kept under, where that shows only when it is there. @default the key that was asked with */
  readonly placeOf?: (result: AuthenticationResult) => string;
  /** The certificate of a bound token that other processes may have put into the cache's store. */
  readonly shared?: BindingCertificate | undefined;
  /** Whether it has to be a new one, which the store's is not. @default false */
  readonly anew?: boolean | undefined;
}

/**
 * The order of things around a token request: cache, throttle memory, one flight for all who want the same, refresh behind live
 * traffic. What is asked, and of whom, is the application's business.
 */
export class Acquisition {
  readonly #cache: TokenCache;
  readonly #clock: Clock;
  readonly #logger: Logger | undefined;
  readonly #flights = new SingleFlight<AuthenticationResult>();
  readonly #throttles = new ThrottleMemory();
  readonly #shared: SharedTokens | undefined;

  constructor({ cache, clock, logger, boundTokenType: tokenType = "mtls_pop" }: AcquisitionOptions) {
    this.#cache = cache;
    this.#shared = cache.store && new SharedTokens(cache.store, { timeoutMs: cache.storeTimeoutMs, tokenType, logger });
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * The cached token for a key. Past its refresh time it is served all the same, and a new one is fetched behind it.
   *
   * @param certificate the current request's, which the result then carries; same leaf, so the key is the same
   * @param inquiry how a new one is fetched
   */
  fromCache(key: string, certificate: BindingCertificate | undefined, inquiry: Inquiry): AuthenticationResult | undefined {
    const now = this.#clock.now();
    const entry = this.#cache.get(key, now);
    if (!entry) return undefined;
    if (now >= entry.refreshFromMs) this.#refresh(key, inquiry);
    if (certificate && entry.result.bindingCertificate && entry.result.bindingCertificate !== certificate) {
      entry.result = copy(entry.result, { bindingCertificate: certificate });
    }
    return entry.result;
  }

  /**
   * A token from the service, shared with everyone who asks for the same at the same time.
   *
   * @param variant what of this request does not belong to the cache key, such as a challenge's claims
   * @throws {MtlsPopError} `throttled`, or what the inquiry throws
   */
  fromService(key: string, variant: string, inquiry: Inquiry, signal?: AbortSignal): Promise<AuthenticationResult> {
    // parted by what no scope has in it: one may be named as if it were a variant
    const flight = variant ? `${key}\n${variant}` : inquiry.anew && this.#shared ? `${key}\nanew` : key;
    return this.#flights.join(flight, (ended) => this.#fetch(flight, key, inquiry, ended), signal);
  }

  async #fetch(flight: string, key: string, inquiry: Inquiry, signal: AbortSignal): Promise<AuthenticationResult> {
    const placeOf = (found: AuthenticationResult) => inquiry.placeOf?.(found) ?? key;
    const ask = () => this.#ask(flight, inquiry, signal);
    const { shared: certificate } = inquiry;
    const accepts = (stored: AuthenticationResult) => this.#accepts(flight === key ? key : undefined, stored);
    const result = await (this.#shared && certificate ? this.#shared.obtain({ key, certificate, accepts, ask, placeOf, signal }) : ask());
    const kept = copy(result, { metadata: { ...result.metadata, ...FROM_CACHE } });
    const place = placeOf(result);
    this.#cache.set(place, kept, this.#clock.now());
    // what was refreshed stays as it was then: the next hit is not to refresh it at once
    if (place !== key) this.#cache.postponeRefresh(key, this.#clock.now());
    return result;
  }

  async #ask(flight: string, { ask }: Inquiry, signal: AbortSignal): Promise<AuthenticationResult> {
    this.#throttles.assertNotThrottled(flight, this.#clock.now());
    try {
      return await ask(signal);
    } catch (error) {
      if (error instanceof MtlsPopError) this.#throttles.remember(flight, error, this.#clock.now());
      throw error;
    }
  }

  /** Whether a token of another process's will do: not in place of a new one, nor of one that is newer. */
  #accepts(key: string | undefined, stored: AuthenticationResult): boolean {
    const now = this.#clock.now();
    if (key === undefined || usableUntil(stored) <= now) return false;
    const present = this.#cache.get(key, now);
    return !present || stored.expiresOn > present.result.expiresOn;
  }

  #refresh(key: string, inquiry: Inquiry): void {
    if (this.#flights.has(key)) return;
    this.fromService(key, "", inquiry).catch((error: unknown) => {
      this.#cache.postponeRefresh(key, this.#clock.now());
      const reason = error instanceof Error ? error.message : String(error);
      tell(this.#logger, "warn", `A token's refresh failed; the present one is served while it is valid. ${reason}`);
    });
  }
}

function copy(result: AuthenticationResult, changes: Partial<AuthenticationResultFields>): AuthenticationResult {
  // the three that are no properties of its own
  const { accessToken, expiresOn, refreshOn } = result;
  const fields: AuthenticationResultFields = { ...result, accessToken, expiresOn, refreshOn, ...changes };
  const { bindingCertificate } = fields;
  // checked again, since the certificate may be another object
  if (bindingCertificate && isConfirmedBearer(result)) return confirmedResult({ ...fields, bindingCertificate });
  return new AuthenticationResult(fields);
}
