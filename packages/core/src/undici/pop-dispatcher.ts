import { EventEmitter } from "node:events";
import { MtlsPopError } from "../errors.js";
import type { BoundFetcher } from "../resource/bound-fetcher.js";
import { MAX_CONNECTIONS_PER_ORIGIN, type PopFetcher, type PopFetchOptions, popFetcher } from "../resource/pop-fetch.js";
import { discard } from "../resource/request-body.js";
import type { Resource } from "../resource/resource.js";
import type { ResourceRegistry } from "../resource/resource-registry.js";
import { timeoutError } from "../transport/transport-errors.js";
import { composed } from "./composed.js";
import { isNodeStream } from "./dispatch-body.js";
import type { PopDispatchHandler } from "./dispatch-handler.js";
import { dispatchUrl, type PopDispatchOptions, type ReadDispatch, readDispatch } from "./dispatch-options.js";
import { DispatchedCall } from "./dispatched-call.js";
import type { PopDispatcher, PopDispatcherEvents } from "./dispatcher-types.js";
import { newerHandler } from "./older-handler.js";
import { OriginLoad } from "./origin-load.js";

/** Options of {@link createPopDispatcher}: those of `createPopFetch`. */
export type PopDispatcherOptions = PopFetchOptions;

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
  const fetcher = popFetcher("createPopDispatcher", options);
  return new BoundDispatcher(fetcher, options.maxConnectionsPerOrigin ?? MAX_CONNECTIONS_PER_ORIGIN);
}

class BoundDispatcher extends EventEmitter<PopDispatcherEvents> implements PopDispatcher {
  readonly #registry: ResourceRegistry;
  readonly #fetcher: BoundFetcher;
  readonly #load: OriginLoad;
  readonly #calls = new Set<DispatchedCall>();
  #closed = false;
  #destroyed = false;

  constructor({ registry, fetcher }: PopFetcher, maxConnections: number) {
    super();
    this.#registry = registry;
    this.#fetcher = fetcher;
    this.#load = new OriginLoad(maxConnections, (origin) => this.emit("drain", new URL(origin), [this]));
  }

  get closed(): boolean {
    return this.#closed;
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  dispatch(options: PopDispatchOptions, handler: PopDispatchHandler): boolean {
    const call = new DispatchedCall(newerHandler(handler));
    try {
      const url = dispatchUrl(options);
      const resource = this.#registry.find(url);
      this.#fetcher.assertOpen();
      const read = readDispatch(options, url);
      this.#keep(call, url.origin, options.body);
      this.#begin(call, resource, read);
      return this.#load.hasRoom(url.origin);
    } catch (error) {
      call.fail(error);
      return true;
    }
  }

  compose(...interceptors: Parameters<PopDispatcher["compose"]>): PopDispatcher {
    return composed(this, interceptors.flat());
  }

  close(): Promise<void>;
  close(callback: () => void): void;
  close(callback?: () => void): Promise<void> | void {
    this.#closed = true;
    for (const call of this.#calls) call.close();
    return told(this.#fetcher.close(), callback);
  }

  destroy(error?: Error | null): Promise<void>;
  destroy(callback: () => void): void;
  destroy(error: Error | null, callback: () => void): void;
  destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> | void {
    if (typeof error === "function") return this.destroy(null, error);
    this.#closed = true;
    this.#destroyed = true;
    const closing = this.#fetcher.close();
    for (const call of this.#calls) call.fail(error ?? destroyed());
    return told(closing, callback);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  request(): never {
    throw notMethod("request");
  }

  stream(): never {
    throw notMethod("stream");
  }

  pipeline(): never {
    throw notMethod("pipeline");
  }

  connect(): never {
    throw notMethod("connect");
  }

  upgrade(): never {
    throw notMethod("upgrade");
  }

  /** Until the handler has been told the last, so that `close()` waits for it. */
  #keep(call: DispatchedCall, origin: string, body: unknown): void {
    const { underWay } = this.#fetcher;
    underWay.begin();
    this.#load.begin(origin);
    this.#calls.add(call);
    if (isNodeStream(body)) body.on("error", (error) => call.abort(error));
    call.onOver = (error) => {
      if (error && isNodeStream(body)) body.destroy(error);
      this.#calls.delete(call);
      this.#load.end(origin);
      underWay.end();
    };
  }

  #begin(call: DispatchedCall, resource: Resource, { headersTimeoutMs, bodyTimeoutMs, ...request }: ReadDispatch): void {
    call.start();
    if (call.isOver) {
      if (request.body) discard(request.body, call.reason);
      return;
    }
    const onOverdue = () => call.fail(timeoutError("headers", resource.endpoint.authority, headersTimeoutMs ?? 0));
    const timer = headersTimeoutMs === undefined ? undefined : setTimeout(onOverdue, headersTimeoutMs);
    this.#fetcher
      .call(resource, { ...request, signal: call.signal }, (answer, facts) => call.deliver(answer, facts, bodyTimeoutMs))
      .catch((error) => call.fail(error))
      .finally(() => clearTimeout(timer));
  }
}

function told(closing: Promise<void>, callback: (() => void) | undefined): Promise<void> | void {
  if (!callback) return closing;
  closing.then(() => callback());
}

function destroyed(): MtlsPopError {
  return new MtlsPopError("client_closed", "The dispatcher was destroyed while the call was under way.", {
    help: "Use close(), which waits for the calls.",
  });
}

function notMethod(name: string): MtlsPopError {
  return new MtlsPopError("invalid_options", `\`${name}()\` is no method of this dispatcher.`, {
    help:
      name === "connect" || name === "upgrade"
        ? "Calls with a bound token are HTTP requests."
        : `Use undici's own: import { ${name} } from "undici", and pass { dispatcher }.`,
  });
}
