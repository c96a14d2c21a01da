import type { JSONWebKeySet, JWTVerifyGetKey } from "jose";
import { MtlsPopError } from "../errors.js";
import type { Clock } from "../internal/clock.js";
import { SingleFlight } from "../internal/single-flight.js";
import { sendControlRequest } from "../transport/control-request.js";
import { Transport, type TransportOptions } from "../transport/transport-options.js";
import { isKeySet } from "./key-set.js";

/** Keys of this age are asked for again by the next token. */
const FRESH_MS = 10 * 60_000;
/** Keys that could not be asked for again are used up to this age: an hour without the issuer does not take the API down. */
const STALE_MS = 60 * 60_000;
/** Between two requests that keys which are there have caused: a token may name any key it likes. */
const PAUSE_MS = 30_000;

/** How one look-up goes about it. */
export interface KeyLookup {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface FetchedKeys {
  readonly find: JWTVerifyGetKey;
  readonly fetchedAtMs: number;
}

/** The key set behind a URL, kept and renewed. One request at a time, however many tokens wait. */
export class SigningKeys {
  readonly #url: URL;
  readonly #transport: Transport;
  readonly #flight = new SingleFlight<FetchedKeys>();
  #keys: FetchedKeys | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;

  constructor(url: URL, transport: TransportOptions | undefined) {
    this.#url = url;
    this.#transport = new Transport(transport);
  }

  /**
   * A look-up for `jwtVerify`: the key that a token names, asked for anew when it is not among those that are there.
   *
   * @throws {MtlsPopError} `signing_keys_unavailable`
   */
  lookup(how: KeyLookup): JWTVerifyGetKey {
    return async (header, token) => {
      const keys = await this.#current(how);
      try {
        return await keys.find(header, token);
      } catch (error) {
        const isUnknown = Reflect.get(Object(error), "code") === "ERR_JWKS_NO_MATCHING_KEY";
        if (!isUnknown || !this.#mayAsk(how)) throw error;
        return (await this.#ask(how)).find(header, token);
      }
    };
  }

  async #current(how: KeyLookup): Promise<FetchedKeys> {
    const keys = this.#keys;
    if (!keys) return this.#ask(how);
    const ageMs = how.clock.now() - keys.fetchedAtMs;
    if (ageMs < FRESH_MS) return keys;
    if (ageMs >= STALE_MS) return this.#ask(how);
    if (!this.#mayAsk(how)) return keys;
    return this.#ask(how).catch((error: unknown) => {
      how.signal?.throwIfAborted();
      if (error instanceof MtlsPopError) return keys;
      throw error;
    });
  }

  /** An attempt that is under way is joined at any time. */
  #mayAsk({ clock }: KeyLookup): boolean {
    return this.#flight.has("keys") || clock.now() - this.#triedAtMs >= PAUSE_MS;
  }

  #ask({ clock, timeoutMs, signal }: KeyLookup): Promise<FetchedKeys> {
    const start = async (flight: AbortSignal): Promise<FetchedKeys> => {
      this.#triedAtMs = clock.now();
      const find = await this.#fetch(timeoutMs, flight);
      this.#keys = { find, fetchedAtMs: clock.now() };
      return this.#keys;
    };
    return this.#flight.join("keys", start, signal);
  }

  async #fetch(timeoutMs: number, flight: AbortSignal): Promise<JWTVerifyGetKey> {
    const request = { method: "GET", url: this.#url, headers: { accept: "application/json" } } as const;
    const signal = AbortSignal.any([flight, AbortSignal.timeout(timeoutMs)]);
    try {
      const { status, body } = await sendControlRequest(this.#transport, { ...request, signal });
      if (status !== 200) throw new Error(`it answered with status ${status}`);
      return await localKeys(JSON.parse(body));
    } catch (cause) {
      flight.throwIfAborted();
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new MtlsPopError("signing_keys_unavailable", `The issuer's keys could not be had from ${this.#url.origin}: ${why}`, {
        cause,
        help: "Check `jwks`, and that this network reaches its host over https.",
      });
    }
  }
}

/** A look-up in a key set that is there. */
export async function localKeys(keySet: unknown): Promise<JWTVerifyGetKey> {
  assertKeySet(keySet);
  const known = looked.get(keySet);
  if (known) return known;
  const { createLocalJWKSet } = await import("jose/jwks/local");
  const find = createLocalJWKSet(keySet);
  looked.set(keySet, find);
  return find;
}

/** Look-ups keep the keys that they have imported. */
const looked = new WeakMap<JSONWebKeySet, JWTVerifyGetKey>();

function assertKeySet(value: unknown): asserts value is JSONWebKeySet {
  if (!isKeySet(value)) throw new Error("it answered with no JSON Web Key Set.");
}

/** No app has more issuers; the least recently made goes first. */
const MAX_KEPT = 100;
const NO_TRANSPORT = {};
const kept = new WeakMap<object, Map<string, SigningKeys>>();

/** The keys behind a URL, shared by everything in this process that asks over the same `transport` object. */
export function signingKeys(url: URL, transport: TransportOptions | undefined): SigningKeys {
  const sets = kept.get(transport ?? NO_TRANSPORT) ?? new Map<string, SigningKeys>();
  kept.set(transport ?? NO_TRANSPORT, sets);
  const keys = sets.get(url.href) ?? new SigningKeys(url, transport);
  sets.set(url.href, keys);
  const [oldest] = sets.keys();
  if (sets.size > MAX_KEPT && oldest !== undefined) sets.delete(oldest);
  return keys;
}
