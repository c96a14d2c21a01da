import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { ReadableByteStreamController } from "node:stream/web";
import { MtlsPopError } from "../errors.js";
import { type Answer, onceReleased } from "../transport/answer.js";
import { timeoutError, transportError } from "../transport/transport-errors.js";
import { decoded } from "./content-decoder.js";

/** Read ahead of the reader, in bytes: a smaller body frees its connection although nobody has read it yet. */
const READ_AHEAD_BYTES = 64 * 1024;

/** What a {@link ResponseBody} is made of. */
export interface ResponseBodyOptions {
  /** For messages. */
  readonly authority: string;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Called once, when nothing more will come. */
  readonly onEnd: (body: ResponseBody) => void;
}

/**
 * The body of an answer as the source of a `ReadableStream`: decoded, with back-pressure, and ended by an abort, a time-out or the loss
 * of the connection, which the reader gets as the stream's error. While nobody reads, no time-out runs.
 */
export class ResponseBody {
  readonly type = "bytes";
  readonly #answer: Answer;
  readonly #options: ResponseBodyOptions;
  /** Held here: a message lets go of its socket when its request is over. */
  readonly #socket: Socket;
  #controller: ReadableByteStreamController | undefined;
  #source: Readable | undefined;
  #paused = false;
  #overdue = false;
  #closing = false;

  constructor(answer: Answer, options: ResponseBodyOptions) {
    this.#answer = answer;
    this.#socket = answer.message.socket;
    this.#options = options;
  }

  static readonly strategy: { readonly highWaterMark: number } = { highWaterMark: READ_AHEAD_BYTES };

  /** Whose answer it is. */
  get authority(): string {
    return this.#options.authority;
  }

  start(controller: ReadableByteStreamController): void {
    this.#controller = controller;
    const { message } = this.#answer;
    const { signal, timeoutMs } = this.#options;
    this.#socket.on("timeout", this.#onTimeout);
    this.#socket.setTimeout(timeoutMs);
    message.once("close", this.#onMessageClose);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#source = decoded(message, message.headers["content-encoding"], this.#onError);
    this.#source.on("data", this.#onData);
    this.#source.once("end", this.#onEnd);
    this.#source.on("error", this.#onError);
  }

  pull(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // a time-out that passed while nobody was reading is over; the wait begins anew
    if (this.#overdue) this.#socket.setTimeout(this.#options.timeoutMs);
    this.#overdue = false;
    this.#source?.resume();
  }

  cancel(): void {
    this.#settle();
    this.#answer.message.destroy();
  }

  /** Lets time-outs run while nobody reads, too: the client is closing. */
  close(): void {
    this.#closing = true;
    if (this.#overdue) this.#onTimeout();
  }

  /** Ends the body with an error for its reader. */
  readonly fail = (error: unknown): void => {
    if (!this.#controller) return;
    const controller = this.#controller;
    this.#settle();
    controller.error(error);
    this.#answer.message.destroy();
  };

  readonly #onData = (chunk: Buffer): void => {
    if (chunk.length === 0 || !this.#controller) return;
    // a copy: the stream takes the whole ArrayBuffer, of which the chunk may be a part
    this.#controller.enqueue(new Uint8Array(chunk));
    if ((this.#controller.desiredSize ?? 0) > 0) return;
    this.#paused = true;
    this.#source?.pause();
  };

  readonly #onEnd = (): void => onceReleased(this.#answer, this.#complete);

  readonly #complete = (): void => {
    const controller = this.#controller;
    if (!controller) return;
    this.#settle();
    controller.close();
    // a reader that waits with a buffer of its own is told so
    controller.byobRequest?.respond(0);
  };

  readonly #onError = (error: unknown): void => this.fail(bodyError(error, this.#options.authority));
  readonly #onAbort = (): void => this.fail(this.#options.signal?.reason);
  readonly #onTimeout = (): void => {
    if (this.#paused && !this.#closing) this.#overdue = true;
    else this.fail(timeoutError("body", this.#options.authority, this.#options.timeoutMs));
  };

  /** The connection is the agent's again, also while a decoder is still at work. */
  readonly #onMessageClose = (): void => {
    const { message } = this.#answer;
    this.#socket.off("timeout", this.#onTimeout);
    if (!message.complete) this.#onError(message.errored ?? new Error("it closed before the answer's end"));
  };

  #settle(): void {
    if (!this.#controller) return;
    this.#controller = undefined;
    this.#socket.off("timeout", this.#onTimeout);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#options.onEnd(this);
  }
}

function bodyError(error: unknown, authority: string): MtlsPopError {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  if (typeof code !== "string" || !/^(?:Z_|ERR__?ERROR_|ERR_BROTLI|ERR_BUFFER)/.test(code)) return transportError(error, authority);
  return new MtlsPopError("network_error", `${authority} sent a body that is not encoded as its Content-Encoding says (${code}).`, {
    cause: error,
    retryable: false,
  });
}

/** The error for an answer that nobody had begun to read when its client was closed. */
export function closedUnread(authority: string): MtlsPopError {
  return new MtlsPopError("client_closed", `The client was closed before the answer of ${authority} was read.`, {
    help: "Read the body first, then close the client.",
  });
}
