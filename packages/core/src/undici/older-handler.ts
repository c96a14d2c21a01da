import { MtlsPopError } from "../errors.js";
import { abortError } from "./abort-error.js";
import type { AnswerHandler, AnswerHeaders, OlderAnswerHandler, PopDispatchController, PopDispatchHandler } from "./dispatch-handler.js";
import { buffersOf, inTurn } from "./raw-headers.js";

/**
 * A handler of the newer kind for one of either.
 *
 * @throws {MtlsPopError} `invalid_options` for what could not be told of an error
 */
export function newerHandler(handler: PopDispatchHandler): AnswerHandler {
  if (typeof handler !== "object" || handler === null) throw notHandler("is no object");
  if (isNewer(handler)) {
    if (typeof handler.onResponseError !== "function") throw notHandler("has no onResponseError()");
    return handler;
  }
  if (typeof handler.onError !== "function") throw notHandler("has neither onRequestStart() nor onError()");
  return new OlderHandler(handler);
}

/** For interceptors, which are of one kind or the other: a handler of the older kind answers to both. */
export function eitherHandler(handler: PopDispatchHandler): PopDispatchHandler {
  return isNewer(handler) ? handler : new OlderHandler(handler);
}

function isNewer(handler: PopDispatchHandler): handler is PopDispatchHandler & AnswerHandler {
  return typeof handler.onRequestStart === "function";
}

function notHandler(flaw: string): MtlsPopError {
  return new MtlsPopError("invalid_options", `The handler of a dispatch ${flaw}.`, {
    help: "Use request() or fetch() of undici with this dispatcher, which bring their own.",
  });
}

class OlderHandler implements AnswerHandler, Required<OlderAnswerHandler> {
  readonly #handler: OlderAnswerHandler;

  constructor(handler: OlderAnswerHandler) {
    this.#handler = handler;
  }

  onRequestStart(controller: PopDispatchController, context: object): void {
    this.onConnect((reason) => controller.abort(reason ?? abortError()), context);
  }

  onResponseStart(controller: PopDispatchController, statusCode: number, headers: AnswerHeaders, statusText = ""): void {
    const resume = () => controller.resume();
    if (this.onHeaders(statusCode, buffersOf(inTurn(headers)), resume, statusText) === false) controller.pause();
  }

  onResponseData(controller: PopDispatchController, chunk: Buffer): void {
    if (this.onData(chunk) === false) controller.pause();
  }

  onResponseEnd(_controller: PopDispatchController, trailers: AnswerHeaders): void {
    this.onComplete(inTurn(trailers));
  }

  onResponseError(_controller: PopDispatchController, error: Error): void {
    this.onError(error);
  }

  onConnect(abort: (reason?: Error) => void, context?: object): void {
    this.#handler.onConnect?.(abort, context);
  }

  onHeaders(statusCode: number, headers: Buffer[], resume: () => void, statusText: string): unknown {
    return this.#handler.onHeaders?.(statusCode, headers, resume, statusText);
  }

  onData(chunk: Buffer): unknown {
    return this.#handler.onData?.(chunk);
  }

  onComplete(trailers: string[]): void {
    this.#handler.onComplete?.(trailers);
  }

  onError(error: Error): void {
    this.#handler.onError?.(error);
  }
}
