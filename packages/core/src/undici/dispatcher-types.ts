import type { EventEmitter } from "node:events";
import type { PopDispatchHandler } from "./dispatch-handler.js";
import type { PopDispatchOptions } from "./dispatch-options.js";

/** Sends a request and tells a handler of the answer. */
export type PopDispatch = (options: PopDispatchOptions, handler: PopDispatchHandler) => boolean;

/** undici's interceptors, of any version: each makes a dispatch of another one. */
export type PopInterceptor = (dispatch: never) => unknown;

/** undici's events; `drain` is the one that comes here. */
export interface PopDispatcherEvents {
  connect: [origin: URL, targets: readonly object[]];
  disconnect: [origin: URL, targets: readonly object[], error: Error];
  connectionError: [origin: URL, targets: readonly object[], error: Error];
  drain: [origin: URL, targets: readonly object[]];
}

/**
 * A dispatcher that undici 6 and 7, and Node's `fetch`, take as one of theirs, in types too. `request`, `stream`, `pipeline`, `connect` and `upgrade`
 * are undici's: they are functions that take a dispatcher, and as methods of this one they throw.
 */
export interface PopDispatcher extends EventEmitter<PopDispatcherEvents> {
  readonly closed: boolean;
  readonly destroyed: boolean;
  /**
   * Makes a call; what becomes of it is told to the handler, errors too.
   *
   * @returns whether a connection to the origin is free for a further one; if not, `drain` tells when
   * @throws {MtlsPopError} `invalid_options` for a handler that could not be told of an error
   */
  dispatch(options: PopDispatchOptions, handler: PopDispatchHandler): boolean;
  /** A dispatcher whose calls go through interceptors first, undici's or others; the last one is asked first. */
  compose(...interceptors: (PopInterceptor | readonly PopInterceptor[])[]): PopDispatcher;
  /** Waits for the calls that are under way, then ends every connection. A call begun later is refused. */
  close(): Promise<void>;
  close(callback: () => void): void;
  /** Ends the calls that are under way with this error, and every connection. @param error @default `client_closed` */
  destroy(error?: Error | null): Promise<void>;
  destroy(callback: () => void): void;
  destroy(error: Error | null, callback: () => void): void;
  request(...args: never): never;
  stream(...args: never): never;
  pipeline(...args: never): never;
  connect(...args: never): never;
  upgrade(...args: never): never;
  [Symbol.asyncDispose](): Promise<void>;
}
