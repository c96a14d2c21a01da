import { type Clock, clockRule } from "../internal/clock.js";
import { assertOptions, milliseconds, type OptionRule, text, textList } from "../internal/options.js";
import { type TransportOptions, transportRule } from "../transport/transport-options.js";
import { isKeySet } from "./key-set.js";

/** Signature algorithms that a token may have: asymmetric ones, since the key to check with is public. @see RFC 7518 section 3.1 */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"] as const;

/** A signature algorithm that a token may have. */
export type TokenAlgorithm = (typeof ALGORITHMS)[number];

/** A JSON Web Key Set. @see RFC 7517 section 5 */
export interface KeySet {
  readonly keys: readonly object[];
}

/** Whose tokens an API takes, and for whom they are. */
export interface PopTokenOptions {
  /** What `iss` must be, exactly; of Entra `https://login.microsoftonline.com/{tenant id}/v2.0`, or `https://sts.windows.net/{tenant id}/`. */
  issuer: string | readonly string[];
  /** What `aud` must be or have among others: the API's client id or its `api://` URI. */
  audience: string | readonly string[];
  /**
   * The issuer's keys: an https URL, of Entra `https://login.microsoftonline.com/{tenant id}/discovery/v2.0/keys`, or the key set itself, as it stays.
   * What a URL gives is kept for the process, asked for again after 10 minutes and, once in 30 seconds at most, for a key that is unknown.
   */
  jwks: string | URL | KeySet;
  /** Signature algorithms to take. @default ["RS256"], which Entra signs with */
  algorithms?: readonly TokenAlgorithm[];
  /** Seconds that the issuer's clock and this one may differ, 600 at most. @default 60 */
  clockToleranceSeconds?: number;
  /** Milliseconds that a request for keys may take in all. @default 5000 */
  jwksTimeoutMs?: number;
  /** Connections to the issuer. Hand in the same object each time: keys are kept by it. @default Node's roots and DNS */
  transport?: TransportOptions;
  /** For tests. @default the system's */
  clock?: Clock;
}

const MAX_TOLERANCE_SECONDS = 600;

const names: OptionRule = {
  expected: "a non-empty string or an array of these",
  test: (value) => text.test(value) || (textList.test(value) && Array.isArray(value) && value.length > 0),
  required: true,
};

/** Rules for {@link PopTokenOptions}; those who take more add theirs. */
export const POP_TOKEN_RULES: Readonly<Record<keyof PopTokenOptions, OptionRule>> = {
  issuer: names,
  audience: names,
  jwks: { expected: "an https URL or a JSON Web Key Set", test: (value) => isHttpsUrl(value) || isKeySet(value), required: true },
  algorithms: {
    expected: `an array of ${ALGORITHMS.join(", ")}`,
    test: (value) => Array.isArray(value) && value.length > 0 && [...value].every((name) => ALGORITHMS.includes(name)),
  },
  clockToleranceSeconds: {
    expected: `a number of seconds from 0 to ${MAX_TOLERANCE_SECONDS}`,
    test: (value) => typeof value === "number" && value >= 0 && value <= MAX_TOLERANCE_SECONDS,
  },
  jwksTimeoutMs: milliseconds,
  transport: transportRule,
  clock: clockRule,
};

function isHttpsUrl(value: unknown): boolean {
  return (typeof value === "string" || value instanceof URL) && URL.canParse(String(value)) && new URL(value).protocol === "https:";
}

/** @throws {MtlsPopError} `invalid_options` */
export function assertPopTokenOptions(where: string, options: unknown): asserts options is PopTokenOptions {
  assertOptions(where, options, POP_TOKEN_RULES);
}
