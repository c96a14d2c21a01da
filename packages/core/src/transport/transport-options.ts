import { isIP, type LookupFunction } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { assertOptions, callable, milliseconds, type OptionRule, record, text, textList } from "../internal/options.js";
import { ConnectTunnel } from "./connect-tunnel.js";
import type { Endpoint } from "./endpoint.js";
import { guardedLookup } from "./guarded-lookup.js";
import { ProxyRoute } from "./proxy-route.js";

/** How connections are made; one meaning for every class and function that takes `transport`. */
export interface TransportOptions {
  /** Trusted roots in PEM, in place of Node's own, as in `node:tls`. @default Node's roots */
  ca?: string | readonly string[];
  /** The only hosts that `ca` counts for, as names or `*.suffix`; elsewhere Node's roots hold. @default every host */
  caHosts?: readonly string[];
  /** Resolves host names, as in `node:net`; behind a proxy the proxy's, since that resolves the others. @default `dns.lookup` */
  lookup?: LookupFunction;
  /**
   * The proxy for every host but loopback and link-local ones, as `http://host:port` or `https://host:port`, with `user:password@` where it
   * wants Basic credentials; `false` is none. TLS runs through it, end to end. @default `HTTPS_PROXY` and `NO_PROXY` of the environment
   */
  proxy?: string | URL | false;
  /** Milliseconds until TCP and TLS, and the tunnel of a proxy, must be up. @default 10000 */
  connectTimeoutMs?: number;
  /** Milliseconds from the request sent to the end of the answer's head, however much comes meanwhile. @default 30000 */
  headersTimeoutMs?: number;
  /**
   * Milliseconds that an answer's body may pause, or the server take nothing of a request's; for the small answers of control calls, that
   * the body may take. @default 30000
   */
  bodyTimeoutMs?: number;
}

/** The option `transport` as a rule for those who take it. */
export const transportRule: OptionRule = record;

/** OpenSSL skips what is no certificate without a word, and then trusts nobody. */
const isPem = (value: unknown): boolean => typeof value === "string" && /-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/.test(value);

const RULES = {
  ca: {
    expected: "certificates in PEM (their text, not a path) or an array of these",
    test: (value) => isPem(value) || (Array.isArray(value) && value.length > 0 && value.every(isPem)),
  },
  caHosts: textList,
  lookup: callable,
  proxy: { expected: "a proxy's URL or false", test: (value) => text.test(value) || value instanceof URL || value === false },
  connectTimeoutMs: milliseconds,
  headersTimeoutMs: milliseconds,
  bodyTimeoutMs: milliseconds,
} satisfies Record<keyof TransportOptions, OptionRule>;

/** {@link TransportOptions}, checked and with their defaults; made once for each client. */
export class Transport {
  readonly lookup: LookupFunction | undefined;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly #ca: readonly string[] | undefined;
  readonly #caHosts: readonly string[] | undefined;
  readonly #route: ProxyRoute | undefined;
  #anonymous: SecureContext | undefined;

  /** @param env where the proxy is looked up, now */
  constructor(options: TransportOptions = {}, env: Readonly<NodeJS.ProcessEnv> = process.env) {
    assertOptions("transport", options, RULES);
    this.lookup = options.lookup && guardedLookup(options.lookup);
    this.connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
    this.headersTimeoutMs = options.headersTimeoutMs ?? 30_000;
    this.bodyTimeoutMs = options.bodyTimeoutMs ?? 30_000;
    this.#ca = typeof options.ca === "string" ? [options.ca] : options.ca && [...options.ca];
    this.#caHosts = options.caHosts?.map((pattern) => pattern.toLowerCase());
    this.#route = ProxyRoute.of(options.proxy, env);
  }

  /**
   * Begins to open a way through the proxy, where the host goes through one.
   *
   * @param correlationId for the errors
   */
  tunnelTo({ host, port }: Pick<Endpoint, "host" | "port">, correlationId?: string): ConnectTunnel | undefined {
    const proxy = this.#route?.proxyFor(host, port);
    if (!proxy) return undefined;
    const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    const secureContext = proxy.isTls ? this.anonymousContext(proxy.host) : undefined;
    return new ConnectTunnel({ proxy, target, correlationId, lookup: this.lookup, secureContext });
  }

  /** The roots to trust for a host: the configured ones where they count, else `undefined` for Node's. */
  caFor(host: string): readonly string[] | undefined {
    return this.#caHosts && !this.#caHosts.some((pattern) => matches(host.toLowerCase(), pattern)) ? undefined : this.#ca;
  }

  /** A TLS context without a client certificate, for hosts that must not see one; `undefined` is Node's default. */
  anonymousContext(host: string): SecureContext | undefined {
    const ca = this.caFor(host);
    if (ca) this.#anonymous ??= createSecureContext({ ca: [...ca], minVersion: "TLSv1.2" });
    return ca && this.#anonymous;
  }
}

function matches(host: string, pattern: string): boolean {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}
