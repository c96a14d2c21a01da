import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { ResponseOptions } from "../resource/response.js";
import { closedHalfRead } from "../resource/response-body.js";
import { type Answer, onceReleased } from "../transport/answer.js";
import { timeoutError, transportError } from "../transport/transport-errors.js";
import { abortError } from "./abort-error.js";
import type { AnswerHandler, PopDispatchController } from "./dispatch-handler.js";
import { buffersOf, headersOf } from "./raw-headers.js";

/**
 * One dispatch on its way, as its handler steers it: head, chunks with back-pressure, and an end or an error, told once. While the handler has
 * paused the answer, no time-out runs.
 */
export class DispatchedCall implements PopDispatchController {
  rawHeaders: Buffer[] | null = null;
  rawTrailers: Buffer[] | null = null;
  readonly #handler: AnswerHandler;
  readonly #controller = new AbortController();
  #answer: Answer | undefined;
  #source: Readable | undefined;
  #socket: Socket | undefined;
  #timeoutMs = 0;
  #authority = "";
  #reason: Error | null = null;
  #paused = false;
  #overdue = false;
  #isOver = false;
  #closing = false;
  #pauseTimer: NodeJS.Timeout | undefined;

  /** Called once, when the handler is about to be told the end or an error. */
  onOver: ((error: Error | undefined) => void) | undefined;

  constructor(handler: AnswerHandler) {
    this.#handler = handler;
  }

  /** Ends what the call waits for. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Hands the controller to the handler, which may abort at once. */
  start(): void {
    this.#tell(() => this.#handler.onRequestStart(this, {}));
  }

  /**
   * The answer is there; its body goes to the handler as it comes, or as it was read already.
   *
   * @param bodyTimeoutMs milliseconds that the body may pause, where that is shorter than the client's own limit
   */
  deliver(answer: Answer, { kept, timeoutMs, authority }: ResponseOptions, bodyTimeoutMs: number = timeoutMs): void {
    const { message } = answer;
    message.on("error", () => undefined);
    if (this.#isOver) return void message.destroy();
    this.#authority = authority;
    this.#timeoutMs = Math.min(timeoutMs, bodyTimeoutMs);
    this.#answer = answer;
    this.#source = kept ? Readable.from([kept]) : message;
    if (!kept) this.#watch(message);
    this.#source.on("data", this.#onData);
    if (this.#paused) this.pause();
    this.#source.once("end", kept ? this.#complete : this.#onEnd);
    this.rawHeaders = buffersOf(message.rawHeaders);
    const { statusCode = 0, statusMessage = "" } = message;
    const headers = headersOf(message.rawHeaders);
    this.#tell(() => this.#handler.onResponseStart?.(this, statusCode, headers, statusMessage));
  }

  pause(): void {
    this.#paused = true;
    this.#source?.pause();
    if (this.#closing) this.#limitPause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    clearTimeout(this.#pauseTimer);
    // a time-out that passed while nobody was reading is over; the wait begins anew
    if (this.#overdue) this.#socket?.setTimeout(this.#timeoutMs);
    this.#overdue = false;
    this.#source?.resume();
  }

  /** The client is closing: from now on a pause may last no longer than the body's time-out. */
  close(): void {
    this.#closing = true;
    if (this.#paused) this.#limitPause();
  }

  abort(reason?: Error): void {
    if (this.#isOver) return;
    this.#reason = errorOf(reason ?? abortError());
    this.fail(this.#reason);
  }

  /** Ends the call with an error for its handler. */
  fail(thrown: unknown): void {
    if (!this.#settle()) return;
    const error = errorOf(thrown);
    this.#controller.abort(error);
    this.#answer?.message.destroy();
    this.onOver?.(error);
    this.#tellError(error);
  }

  #limitPause(): void {
    if (!this.#source || this.#isOver) return;
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = setTimeout(() => this.fail(closedHalfRead(this.#authority, this.#timeoutMs)), this.#timeoutMs);
  }

  #watch(message: IncomingMessage): void {
    this.#socket = message.socket;
    this.#socket.on("timeout", this.#onTimeout);
    this.#socket.setTimeout(this.#timeoutMs);
    message.once("close", this.#onMessageClose);
    // lost right behind its head, before anybody could listen
    if (message.destroyed) queueMicrotask(this.#onMessageClose);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOver || chunk.length === 0) return;
    this.#tell(() => this.#handler.onResponseData?.(this, chunk));
  };

  /** Once the next call can take the connection. */
  readonly #onEnd = (): void => {
    if (this.#answer) onceReleased(this.#answer, this.#complete);
  };

  readonly #complete = (): void => {
    const rawTrailers = this.#answer?.message.rawTrailers ?? [];
    if (!this.#settle()) return;
    this.rawTrailers = buffersOf(rawTrailers);
    this.onOver?.(undefined);
    try {
      this.#handler.onResponseEnd?.(this, headersOf(rawTrailers));
    } catch (error) {
      this.#tellError(errorOf(error));
    }
  };

  readonly #onTimeout = (): void => {
    if (this.#paused) this.#overdue = true;
    else this.fail(timeoutError("body", this.#authority, this.#timeoutMs));
  };

  readonly #onMessageClose = (): void => {
    const message = this.#answer?.message;
    this.#socket?.off("timeout", this.#onTimeout);
    if (message && !message.complete)
      this.fail(transportError(message.errored ?? new Error("it closed before the answer's end"), this.#authority));
  };

  /** A handler that throws gets what it threw as the call's error, as undici has it. */
  #tell(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.abort(errorOf(error));
    }
  }

  /** What even this throws is nobody's here, and must not keep other calls from being told: it is the process's. */
  #tellError(error: Error): void {
    try {
      this.#handler.onResponseError?.(this, error);
    } catch (thrown) {
      process.nextTick(() => {
        throw thrown;
      });
    }
  }

  /** @returns whether it was not over yet */
  #settle(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#pauseTimer);
    this.#socket?.off("timeout", this.#onTimeout);
    return true;
  }
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error("The request was aborted.", { cause: thrown });
}
