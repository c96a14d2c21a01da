import type { Socket } from "node:net";
import { Readable } from "node:stream";
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
  /** Whether the content encodings are taken off. */
  readonly decode: boolean;
  /** Called once, when nothing more will come. */
  readonly onEnd: (body: ResponseBody) => void;
}

/** Bodies that wait for a reader who may be gone: the stream alone knows, and is told of when it is collected. */
const waiting = new FinalizationRegistry<ResponseBody>((body) => body.cancel());

/**
 * The body of an answer as the source of a `ReadableStream`: decoded, with back-pressure, and ended by an abort, a time-out or the loss
 * of the connection, which the reader gets as the stream's error. While nobody reads, no time-out runs; when nobody can read any more,
 * since the stream was dropped, the connection is closed.
 */
export class ResponseBody {
  readonly type = "bytes";
  readonly #answer: Answer;
  readonly #options: ResponseBodyOptions;
  /** Held here: a message lets go of its socket when its request is over. */
  readonly #socket: Socket;
  /** While the body flows. */
  #controller: ReadableByteStreamController | undefined;
  /** While it is paused: the connection, which lives on, must not keep a stream alive that nobody has. */
  #pausedController: WeakRef<ReadableByteStreamController> | undefined;
  #source: Readable | undefined;
  #paused = false;
  #overdue = false;
  #closing = false;
  #settled = false;
  /** Whether the connection, whose time-outs count until then, is the agent's again. */
  #released = false;
  /** Of a client that closes and an answer that has come: what else would end the wait for its reader? */
  #closingTimer: NodeJS.Timeout | undefined;

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
    const { signal, timeoutMs, decode } = this.#options;
    this.#socket.on("timeout", this.#onTimeout);
    this.#socket.setTimeout(timeoutMs);
    message.once("close", this.#onMessageClose);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#source = decode ? decoded(message, message.headers["content-encoding"], this.#onError) : message;
    this.#source.on("data", this.#onData);
    this.#source.once("end", this.#onEnd);
    this.#source.on("error", this.#onError);
    // lost right behind its head, before anybody could listen
    if (message.destroyed) queueMicrotask(this.#onMessageClose);
  }

  pull(controller: ReadableByteStreamController): void {
    if (!this.#paused || this.#settled) return;
    this.#paused = false;
    this.#controller = controller;
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
    else if (this.#released) this.#awaitReader();
  }

  /** Ends the body with an error for its reader. */
  readonly fail = (error: unknown): void => {
    if (this.#settled) return;
    const controller = this.#controller ?? this.#pausedController?.deref();
    this.#settle();
    controller?.error(error);
    this.#answer.message.destroy();
  };

  readonly #onData = (chunk: Buffer): void => {
    const controller = this.#controller;
    if (chunk.length === 0 || !controller) return;
    this.#closingTimer?.refresh();
    // a copy: the stream takes the whole ArrayBuffer, of which the chunk may be a part
    controller.enqueue(new Uint8Array(chunk));
    if ((controller.desiredSize ?? 0) > 0) return;
    this.#paused = true;
    this.#source?.pause();
    this.#controller = undefined;
    if (this.#pausedController) return;
    this.#pausedController = new WeakRef(controller);
    waiting.register(controller, this, this);
  };

  readonly #onEnd = (): void => onceReleased(this.#answer, this.#complete);

  readonly #complete = (): void => {
    const controller = this.#controller;
    if (this.#settled || !controller) return;
    this.#settle();
    controller.close();
    // a reader that waits with a buffer of its own is told so
    controller.byobRequest?.respond(0);
  };

  readonly #onError = (error: unknown): void => this.fail(bodyError(error, this.#options.authority));
  readonly #onAbort = (): void => this.fail(this.#options.signal?.reason);
  readonly #onTimeout = (): void => {
    const { authority, timeoutMs } = this.#options;
    if (!this.#paused) this.fail(timeoutError("body", authority, timeoutMs));
    else if (this.#closing) this.fail(closedHalfRead(authority, timeoutMs));
    else this.#overdue = true;
  };

  /** The connection is the agent's again, also while a decoder is still at work. */
  readonly #onMessageClose = (): void => {
    const { message } = this.#answer;
    this.#released = true;
    this.#socket.off("timeout", this.#onTimeout);
    if (!message.complete) this.#onError(message.errored ?? new Error("it closed before the answer's end"));
    else if (this.#closing) this.#awaitReader();
  };

  #awaitReader(): void {
    if (!this.#settled) this.#closingTimer = setTimeout(this.#onTimeout, this.#options.timeoutMs);
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#controller = undefined;
    clearTimeout(this.#closingTimer);
    if (this.#pausedController) waiting.unregister(this);
    this.#socket.off("timeout", this.#onTimeout);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#options.onEnd(this);
  }
}

/** The same decoding for a body that was read already. */
export async function* decodedChunks(bytes: Buffer, contentEncoding: string, authority: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of decoded(Readable.from([bytes]), contentEncoding, () => undefined)) yield new Uint8Array(chunk);
  } catch (error) {
    throw bodyError(error, authority);
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

/** The error for an answer whose reader stopped although its client was about to be closed. */
export function closedHalfRead(authority: string, timeoutMs: number): MtlsPopError {
  return new MtlsPopError(
    "client_closed",
    `The client was closed while the answer of ${authority} was read no further for ${timeoutMs} ms.`,
    {
      help: "Read the body to its end, or cancel it, and close the client then.",
    },
  );
}
