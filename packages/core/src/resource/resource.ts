import type { BoundTokenRequest, BoundTokenSource } from "../application/bound-token-source.js";
import { MtlsPopError } from "../errors.js";
import { assertOptions, type OptionRule, record, text } from "../internal/options.js";
import { VERSION } from "../internal/version.js";
import { type Endpoint, endpointOf } from "../transport/endpoint.js";
import type { AuthorizationScheme } from "./authorization-scheme.js";
import { readHeaders } from "./caller-headers.js";
import { ACCEPT_ENCODING } from "./content-decoder.js";
import { knownHost, RESOURCE_PROFILES, type ResourceProfile, type ResourceProfileName } from "./resource-profile.js";

/** A resource that may be called with bound tokens. */
export interface ResourceOptions {
  /** An https URL. Bound tokens go to its origin; with several resources on one origin, to the longest of their paths that fits. */
  baseUrl: string | URL;
  /** What the token is asked for. @default the profile's; without one the origin of `baseUrl` with `/.default` */
  scope?: string;
  /** What is known of the resource's demands. @default the one of a known host, else "default" */
  profile?: ResourceProfileName;
  /** Sends this scheme and no other. @default the profile's first, the other one once after a 401; what worked is remembered */
  authorizationScheme?: AuthorizationScheme;
  /** Sent with each request unless the call has a header of the same name. @default none */
  headers?: Readonly<Record<string, string>>;
  /** TLS settings that differ from the profile's. */
  tls?: { maxVersion?: "TLSv1.2" | "TLSv1.3" };
  /** Acquires the tokens for this resource. @default the client's `tokens` */
  tokens?: BoundTokenSource;
}

export const tokenSourceRule: OptionRule = {
  expected: "a token source: an application, an acquirer or anything with acquireBoundToken()",
  test: (value) => typeof value === "object" && value !== null && typeof Reflect.get(value, "acquireBoundToken") === "function",
};

const oneOf = (...values: readonly string[]): OptionRule => ({
  expected: values.map((value) => `"${value}"`).join(" or "),
  test: (value) => typeof value === "string" && values.includes(value),
});

const RULES = {
  baseUrl: { expected: "an https URL", test: (value) => value instanceof URL || text.test(value), required: true },
  scope: text,
  profile: oneOf(...Object.keys(RESOURCE_PROFILES)),
  authorizationScheme: oneOf("pop", "mtls_pop"),
  headers: record,
  tls: record,
  tokens: tokenSourceRule,
} satisfies Record<keyof ResourceOptions, OptionRule>;

/** `.` or `..` next to an encoded slash: the URL parser leaves it, and a server may follow it out of the path. */
const HIDDEN_DOT_SEGMENT = /(?:^|\/|%2f|%5c)(?:\.|%2e){1,2}(?:\/|%2f|%5c|$)/i;

/** One resource, with everything about it that is the same for all calls. */
export class Resource {
  readonly origin: string;
  /** Ends with a slash. */
  readonly baseUrl: URL;
  readonly endpoint: Endpoint;
  readonly scope: string;
  readonly maxVersion: "TLSv1.2" | "TLSv1.3" | undefined;
  /** Tried first. */
  readonly scheme: AuthorizationScheme;
  /** Whether a 401 is answered with the other scheme. */
  readonly schemeIsFixed: boolean;
  /** By lower-case name; a call's own replace them. */
  readonly defaultHeaders: ReadonlyMap<string, string>;
  /** By lower-case name; nothing replaces them. */
  readonly requiredHeaders: ReadonlyMap<string, string>;
  readonly tokens: BoundTokenSource;
  /** A vault or Graph: it takes tokens of Entra's alone. */
  readonly #isOfEntra: boolean;
  /** What the source is asked for by a call without a signal: one object for all of them. */
  readonly tokenRequest: BoundTokenRequest;

  /**
   * @param name for messages
   * @throws {MtlsPopError} `invalid_options`, `insecure_url`, `authorization_header_refused`
   */
  constructor(name: string, options: ResourceOptions, tokens: BoundTokenSource) {
    const where = `resource "${name}"`;
    assertResourceOptions(name, options);
    const url = readBaseUrl(where, options.baseUrl);
    const known = knownHost(url.host);
    const profile: ResourceProfile = RESOURCE_PROFILES[options.profile ?? known?.profile ?? "default"];
    this.baseUrl = url;
    this.origin = url.origin;
    this.endpoint = endpointOf(url);
    this.scope = resourceScope(options);
    this.maxVersion = options.tls?.maxVersion ?? profile.maxVersion;
    this.scheme = options.authorizationScheme ?? profile.authorizationScheme;
    this.schemeIsFixed = options.authorizationScheme !== undefined;
    this.requiredHeaders = new Map(Object.entries(profile.headers));
    const headers = new Map([...DEFAULT_HEADERS, ...readHeaders(`${where}.headers`, options.headers ?? {})]);
    for (const name of this.requiredHeaders.keys()) headers.delete(name);
    this.defaultHeaders = headers;
    this.tokens = options.tokens ?? tokens;
    this.#isOfEntra = profile !== RESOURCE_PROFILES.default;
    this.tokenRequest = Object.freeze({ scopes: Object.freeze([this.scope]) });
  }

  /**
   * Refuses a vault and Graph for a token of another server than Entra: it would be of no use there, and no business of theirs.
   *
   * @throws {MtlsPopError} `resource_not_configured`
   */
  assertTakesOtherTokens(): void {
    if (!this.#isOfEntra) return;
    throw new MtlsPopError("resource_not_configured", `${this.origin} takes tokens of Entra's, and this one is another server's.`, {
      help: 'Give the resource `tokens` of an application whose authority is Entra\'s; if it is neither a vault nor Graph, profile: "default".',
    });
  }

  /** Whether a URL of this origin lies under the base URL's path, also for a server that decodes it once more. */
  contains(pathname: string): boolean {
    if (pathname.includes("%") && this.baseUrl.pathname !== "/" && HIDDEN_DOT_SEGMENT.test(pathname)) return false;
    return pathname.startsWith(this.baseUrl.pathname) || `${pathname}/` === this.baseUrl.pathname;
  }
}

/**
 * Checks the names and types of a resource's options, before its URL is known: for whoever takes them and makes the client later.
 *
 * @param name for messages
 * @throws {MtlsPopError} `invalid_options`
 */
export function assertResourceOptions(name: string, options: unknown): asserts options is ResourceOptions {
  const where = `resource "${name}"`;
  assertOptions(where, options, RULES);
  const tls: unknown = Reflect.get(Object(options), "tls");
  if (tls) assertOptions(`${where}.tls`, tls, { maxVersion: oneOf("TLSv1.2", "TLSv1.3") });
}

/**
 * What a resource's token is asked for: its `scope`, else that of a known host or of its profile, else its origin with `/.default`.
 *
 * @param options with a `baseUrl` that is a URL
 */
export function resourceScope({ baseUrl, scope, profile }: ResourceOptions): string {
  const { host, origin } = new URL(baseUrl);
  const known = knownHost(host);
  return scope ?? known?.scope ?? RESOURCE_PROFILES[profile ?? known?.profile ?? "default"].scope ?? `${origin}/.default`;
}

/** As Node's `fetch` sends them. */
const DEFAULT_HEADERS = [
  ["accept", "*/*"],
  ["accept-language", "*"],
  ["accept-encoding", ACCEPT_ENCODING],
  ["user-agent", `mtls-pop/${VERSION}`],
] as const;

function readBaseUrl(where: string, baseUrl: string | URL): URL {
  if (!URL.canParse(String(baseUrl))) throw new MtlsPopError("invalid_options", `${where} needs \`baseUrl\`, an absolute https URL.`);
  const url = new URL(baseUrl);
  if (url.protocol !== "https:") {
    throw new MtlsPopError(
      "insecure_url",
      `${where} has a baseUrl with ${url.protocol.slice(0, -1)}, but bound tokens go over https only.`,
      { help: "Use its https URL." },
    );
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new MtlsPopError("invalid_options", `${where} has a baseUrl with more than an origin and a path.`, {
      help: "Leave out user name, password, query and fragment.",
    });
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}
