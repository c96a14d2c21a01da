import { type AuthenticationResult, FROM_CACHE } from "../application/authentication-result.js";
import { confirmedResult } from "../application/confirmed-result.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { readJwtClaims } from "./confirmation.js";
import { EXPIRY_BUFFER_MS } from "./token-cache.js";
import { isAccessToken, type TokenType } from "./token-response.js";

/** Another one is another format, and is not read. */
const VERSION = 1;
/** As much of a Date as there is, in milliseconds before and after 1970. */
const MAX_TIME_MS = 8.64e15;

/** Where a bound token is kept, and what it has to be. */
export interface StoredTokenPlace {
  /** The store's name for it. */
  readonly name: string;
  readonly certificate: BindingCertificate;
  /** What the authority calls its bound tokens. */
  readonly tokenType: TokenType;
}

/** What of a token is kept outside of the process. */
interface StoredToken {
  readonly version: typeof VERSION;
  readonly name: string;
  readonly accessToken: string;
  readonly tokenType: string;
  /** Milliseconds since 1970. */
  readonly expiresOnMs: number;
  readonly refreshOnMs: number | undefined;
  readonly scopes: readonly string[];
  readonly tenantId: string;
  /** Of the certificate that the token is bound to. */
  readonly x5tS256: string;
  readonly correlationId: string;
  readonly tokenEndpoint: string;
  readonly region: string | undefined;
}

/** A bound token as JSON. */
export function writeStoredToken(result: AuthenticationResult, { name, certificate }: Omit<StoredTokenPlace, "tokenType">): string {
  const { accessToken, tokenType, expiresOn, refreshOn, scopes, tenantId, correlationId, metadata } = result;
  const stored: StoredToken = {
    version: VERSION,
    name,
    accessToken,
    tokenType,
    expiresOnMs: expiresOn.getTime(),
    refreshOnMs: refreshOn?.getTime(),
    scopes,
    tenantId,
    x5tS256: certificate.x5tS256,
    correlationId,
    tokenEndpoint: metadata.tokenEndpoint,
    region: metadata.region,
  };
  return JSON.stringify(stored);
}

/**
 * Reads what {@link writeStoredToken} wrote, with the certificate of this process, and holds the token to it again. A token that is a readable JWT
 * ends when it says so, whatever else is kept of it.
 *
 * @throws {TypeError} for what is no stored token, or one of another place, certificate or type
 * @throws {MtlsPopError} `confirmation_missing`, `confirmation_mismatch`
 */
export function readStoredToken(text: string, { name, certificate, tokenType }: StoredTokenPlace): AuthenticationResult {
  const stored = parse(text);
  assertStoredToken(stored);
  if (stored.name !== name) throw new TypeError("its token was kept under another key");
  if (stored.x5tS256 !== certificate.x5tS256) throw new TypeError("its token is bound to another certificate");
  // the type decides how the token is announced to a resource: never as Bearer when it is one of Entra's
  if (stored.tokenType !== tokenType) throw new TypeError("its token is of another type");
  const { accessToken, expiresOnMs, refreshOnMs, scopes, tenantId, correlationId, tokenEndpoint, region } = stored;
  return confirmedResult({
    accessToken,
    tokenType,
    expiresOn: new Date(Math.min(expiresOnMs, latestEndMs(accessToken))),
    refreshOn: refreshOnMs === undefined ? undefined : new Date(refreshOnMs),
    scopes,
    tenantId,
    bindingCertificate: certificate,
    correlationId,
    metadata: { ...FROM_CACHE, tokenEndpoint, ...(region !== undefined && { region }) },
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // the parser's message quotes the text, which holds a token
    throw new TypeError(`its ${text.length} characters are not JSON`);
  }
}

/** Until when a token's end may be, by what it says itself: the clocks of two machines differ, by less than it leaves the cache too early. */
function latestEndMs(accessToken: string): number {
  const exp = readJwtClaims(accessToken)?.["exp"];
  return typeof exp === "number" ? exp * 1000 + EXPIRY_BUFFER_MS : Number.POSITIVE_INFINITY;
}

const isTime = (value: unknown): boolean => typeof value === "number" && Math.abs(value) <= MAX_TIME_MS;
const isText = (value: unknown): boolean => typeof value === "string";
const isOptional = (test: (value: unknown) => boolean) => (value: unknown) => value === undefined || test(value);

const FIELDS: Readonly<Record<keyof StoredToken, (value: unknown) => boolean>> = {
  version: (value) => value === VERSION,
  name: isText,
  accessToken: isAccessToken,
  tokenType: isText,
  expiresOnMs: isTime,
  refreshOnMs: isOptional(isTime),
  scopes: (value) => Array.isArray(value) && value.every(isText),
  tenantId: isText,
  x5tS256: isText,
  correlationId: isText,
  tokenEndpoint: isText,
  region: isOptional(isText),
};

function assertStoredToken(value: unknown): asserts value is StoredToken {
  for (const [name, test] of Object.entries(FIELDS)) {
    if (!test(Reflect.get(Object(value), name))) throw new TypeError(`its \`${name}\` is not what this version of the library writes`);
  }
}
