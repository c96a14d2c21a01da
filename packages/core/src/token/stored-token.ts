import type { AuthenticationResult } from "../application/authentication-result.js";
import { confirmedResult } from "../application/confirmed-result.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";

/** Another one is another format, and is not read. */
const VERSION = 1;
const NO_TIME = { totalMs: 0, certificateMs: 0, regionMs: 0, httpMs: 0 } as const;

/** What of a token is kept outside of the process. */
interface StoredToken {
  readonly version: typeof VERSION;
  readonly accessToken: string;
  readonly tokenType: "mtls_pop" | "Bearer";
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
export function writeStoredToken(result: AuthenticationResult, certificate: BindingCertificate): string {
  const { accessToken, tokenType, expiresOn, refreshOn, scopes, tenantId, correlationId, metadata } = result;
  const stored: StoredToken = {
    version: VERSION,
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
 * Reads what {@link writeStoredToken} wrote, with the certificate of this process, and holds the token to it again.
 *
 * @throws {TypeError} for what is no stored token, or one of another certificate
 * @throws {MtlsPopError} `confirmation_missing`, `confirmation_mismatch`
 */
export function readStoredToken(text: string, certificate: BindingCertificate): AuthenticationResult {
  const stored: unknown = JSON.parse(text);
  assertStoredToken(stored);
  if (stored.x5tS256 !== certificate.x5tS256) throw new TypeError("its token is bound to another certificate");
  const { accessToken, tokenType, expiresOnMs, refreshOnMs, scopes, tenantId, correlationId, tokenEndpoint, region } = stored;
  return confirmedResult({
    accessToken,
    tokenType,
    expiresOn: new Date(expiresOnMs),
    refreshOn: refreshOnMs === undefined ? undefined : new Date(refreshOnMs),
    scopes,
    tenantId,
    bindingCertificate: certificate,
    correlationId,
    metadata: { tokenSource: "Cache", tokenEndpoint, ...(region !== undefined && { region }), durations: NO_TIME },
  });
}

const isText = (value: unknown): boolean => typeof value === "string";
const isOptional = (test: (value: unknown) => boolean) => (value: unknown) => value === undefined || test(value);

const FIELDS: Readonly<Record<keyof StoredToken, (value: unknown) => boolean>> = {
  version: (value) => value === VERSION,
  accessToken: (value) => typeof value === "string" && value !== "",
  tokenType: (value) => value === "mtls_pop" || value === "Bearer",
  expiresOnMs: Number.isFinite,
  refreshOnMs: isOptional(Number.isFinite),
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
