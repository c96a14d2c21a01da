import { MAX_CONNECTIONS_PER_ORIGIN, type PopFetchOptions, popFetcher } from "../resource/pop-fetch.js";
import type { RetryOptions } from "../resource/retry-options.js";
import { BoundDispatcher } from "./bound-dispatcher.js";
import type { PopDispatcher } from "./dispatcher-types.js";

/** Options of {@link createPopDispatcher}: those of `createPopFetch`, but for what `retry` is without being given. */
export interface PopDispatcherOptions extends PopFetchOptions {
  /**
   * What a call is sent a second time for. A 503 is for who is above, such as undici's `RetryAgent`, which would wait for it once more.
   *
   * @default { onReset: true, onUnavailable: false }
   */
  retry?: boolean | RetryOptions;
}

/**
 * Makes an undici dispatcher for resources that take bound tokens: whoever is given one, such as the global `fetch`, `undici.request` or
 * another library, makes its calls with the token, over connections with the certificate that the token is bound to. Whoever made it closes it.
 *
 * It negotiates the scheme and answers claims challenges as `createPopFetch` does; redirects, cookies and content encodings are left to who is
 * above it. It refuses `http`, origins that are neither configured nor known, an `Authorization` header, upgrades and CONNECT, before a token is asked
 * for. Errors are told to the handler: `fetch` has them as the `cause` of its TypeError.
 *
 * @throws {MtlsPopError} `invalid_options`, `insecure_url`, `authorization_header_refused`
 * @example
 * ```ts
 * import { createPopDispatcher } from "@mtls-pop/core/undici";
 *
 * const dispatcher = createPopDispatcher({ tokens: application });
 * const response = await fetch("https://contoso.vault.azure.net/secrets/my-secret?api-version=7.4", { dispatcher });
 * await dispatcher.close();
 * ```
 * @see https://undici.nodejs.org/#/docs/api/Dispatcher
 */
export function createPopDispatcher(options: PopDispatcherOptions): PopDispatcher {
  const fetcher = popFetcher("createPopDispatcher", options, { onUnavailable: false });
  return new BoundDispatcher(fetcher, options.maxConnectionsPerOrigin ?? MAX_CONNECTIONS_PER_ORIGIN);
}
