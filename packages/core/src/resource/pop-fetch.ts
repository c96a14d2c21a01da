import type { BoundTokenSource } from "../application/bound-token-source.js";
import type { Logger } from "../internal/logger.js";
import { assertOptions, type OptionRule, record } from "../internal/options.js";
import { Transport, type TransportOptions, transportRule } from "../transport/transport-options.js";
import { BoundFetcher } from "./bound-fetcher.js";
import { absoluteUrl, readCall } from "./request-input.js";
import { type ResourceOptions, tokenSourceRule } from "./resource.js";
import { ResourceRegistry } from "./resource-registry.js";
import { type RetryOptions, readRetry, retryRule } from "./retry-options.js";

/** Connections to one origin with one certificate, unless the user says otherwise. */
export const MAX_CONNECTIONS_PER_ORIGIN: number = 50;

/** How connections to resources are made and kept. */
export interface ConnectionOptions {
  transport?: TransportOptions;
  /** At most so many connections to one origin with one certificate; further calls wait for one of them. @default 50 */
  maxConnectionsPerOrigin?: number;
  /** What a call is sent a second time for; `false` is nothing. A 401's other scheme, claims and binding are not among it. @default true, all of it */
  retry?: boolean | RetryOptions;
  /** Is told of connections that are retired. @default nobody */
  logger?: Logger;
}

/** Options of {@link createPopFetch}. */
export interface PopFetchOptions extends ConnectionOptions {
  /** Acquires the tokens: an application, an acquirer, or anything with `acquireBoundToken()`. */
  tokens: BoundTokenSource;
  /** Resources by name, beside those that are known (Key Vault, Graph). @default none */
  resources?: Readonly<Record<string, ResourceOptions>>;
}

/** The rules of {@link ConnectionOptions}. */
export const CONNECTION_RULES: Readonly<Record<keyof ConnectionOptions, OptionRule>> = {
  transport: transportRule,
  maxConnectionsPerOrigin: {
    expected: "a whole number from 1",
    test: (value) => typeof value === "number" && Number.isInteger(value) && value >= 1,
  },
  retry: retryRule,
  logger: record,
};

const RULES = {
  tokens: { ...tokenSourceRule, required: true },
  resources: record,
  ...CONNECTION_RULES,
} satisfies Record<keyof PopFetchOptions, OptionRule>;

/** The standard's `fetch`, as far as it has a meaning outside a page. */
export type FetchFunction = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** A `fetch` that carries a bound token and its certificate; whoever made it closes it. */
export interface PopFetch extends FetchFunction {
  /** Waits for the calls that are under way, then ends every connection. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A registry and what calls the resources in it. */
export interface PopFetcher {
  readonly registry: ResourceRegistry;
  readonly fetcher: BoundFetcher;
  readonly fetch: FetchFunction;
}

/**
 * Makes a `fetch` for resources that take bound tokens: the token and the TLS connection come from one certificate.
 *
 * It takes strings, URLs and Requests, all kinds of bodies, `signal` and `redirect` as the standard has them, and gives the platform's
 * `Response`. It refuses `http`, URLs outside the resources that are configured or known, an `Authorization` header of the caller's own,
 * and redirects to another origin; the first three before a token is asked for.
 *
 * @throws {MtlsPopError} `invalid_options`, `insecure_url`, `authorization_header_refused`
 * @example
 * ```ts
 * const popFetch = createPopFetch({ tokens: application });
 * const response = await popFetch("https://contoso.vault.azure.net/secrets/my-secret?api-version=7.4");
 * await popFetch.close();
 * ```
 * @see RFC 8705 section 3, https://fetch.spec.whatwg.org
 */
export function createPopFetch(options: PopFetchOptions): PopFetch {
  const { fetch, fetcher } = popFetcher("createPopFetch", options);
  const close = () => fetcher.close();
  return Object.assign(fetch, { close, [Symbol.asyncDispose]: close });
}

/**
 * What everything that calls resources by their URL has in common.
 *
 * @param where for messages
 * @param retry what an option that was left out means
 */
export function popFetcher(where: string, options: PopFetchOptions, retry?: boolean | RetryOptions): PopFetcher {
  assertOptions(where, options, RULES);
  const registry: ResourceRegistry = new ResourceRegistry({
    tokens: options.tokens,
    resources: options.resources ?? {},
    onForget: (resource) => fetcher.agents.release(resource),
  });
  const fetcher = boundFetcher(registry, options, options.retry ?? retry);
  const fetch: FetchFunction = async (input, init) => {
    const url = absoluteUrl(input);
    return await fetcher.fetch(registry.find(url), readCall(url, input, init));
  };
  return { registry, fetcher, fetch };
}

/** The fetcher for a registry's resources. */
export function boundFetcher(
  registry: ResourceRegistry,
  { transport, logger, maxConnectionsPerOrigin = MAX_CONNECTIONS_PER_ORIGIN, ...options }: ConnectionOptions,
  retry: boolean | RetryOptions | undefined = options.retry,
): BoundFetcher {
  return new BoundFetcher({
    transport: new Transport(transport),
    maxConnectionsPerOrigin,
    retry: readRetry(retry),
    logger,
    owns: (resource, url) => registry.owns(resource, url),
  });
}
