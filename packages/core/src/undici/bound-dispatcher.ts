import { MtlsPopError } from "../errors.js";
import type { BoundFetcher } from "../resource/bound-fetcher.js";
import type { PopFetcher } from "../resource/pop-fetch.js";
import { discard } from "../resource/request-body.js";
import type { Resource } from "../resource/resource.js";
import type { ResourceRegistry } from "../resource/resource-registry.js";
import { timeoutError } from "../transport/transport-errors.js";
import { composed } from "./composed.js";
import { isNodeStream, isUnread, letGo } from "./dispatch-body.js";
import type { PopDispatchHandler } from "./dispatch-handler.js";
import { dispatchUrl, type PopDispatchOptions, type ReadDispatch, readDispatch } from "./dispatch-options.js";
import { DispatchedCall } from "./dispatched-call.js";
import type { PopDispatcher } from "./dispatcher-types.js";
import { newerHandler } from "./older-handler.js";
import { OriginLoad } from "./origin-load.js";
import { UndiciMethods } from "./undici-methods.js";

/** The dispatcher behind {@link PopDispatcher}: the calls are those of a bound fetcher. */
export class BoundDispatcher extends UndiciMethods implements PopDispatcher {
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
    this.#load = new OriginLoad(maxConnections, (origin) => {
      // by itself: what a listener throws is no call's, and what it dispatches comes after the call that ends
      process.nextTick(() => this.emit("drain", new URL(origin), [this]));
    });
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
      call.onOver ??= (reason) => letGo(Reflect.get(Object(options), "body"), reason);
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

  /** Until the handler has been told the last, so that `close()` waits for it. */
  #keep(call: DispatchedCall, origin: string, body: unknown): void {
    const { underWay } = this.#fetcher;
    underWay.begin();
    this.#load.begin(origin);
    this.#calls.add(call);
    if (isNodeStream(body)) body.on("error", (error) => call.abort(error));
    call.onOver = (error) => {
      if (error || isUnread(body)) letGo(body, error);
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
    const ms = headersTimeoutMs ?? Number.POSITIVE_INFINITY;
    const onOverdue = () => call.fail(timeoutError("headers", resource.endpoint.authority, ms));
    const timer = ms < this.#fetcher.transport.headersTimeoutMs ? setTimeout(onOverdue, ms) : undefined;
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
