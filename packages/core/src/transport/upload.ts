import type { ClientRequest } from "node:http";
import type { ReadableStream } from "node:stream/web";
import { MtlsPopError } from "../errors.js";
import { timeoutError } from "./transport-errors.js";

/** Bytes go out in pieces of this size, as fast as the connection takes them; up to one piece they are no upload. */
export const PIECE_BYTES: number = 64 * 1024;

/** What an upload is held to. */
export interface UploadOptions {
  /** What `Content-Length` says, in bytes. */
  readonly length: number | undefined;
  /** Milliseconds that the other side may take nothing. While the body's own source is slow, no time-out runs. */
  readonly timeoutMs: number;
  /** For messages. */
  readonly authority: string;
  /** Whether the answer is there: it ends the request then, in its own time. */
  readonly isAnswered: () => boolean;
}

/**
 * Sends the body of a request as fast as the connection takes it. When the request ends first (an abort, an answer that did not wait for
 * the body), a stream is cancelled.
 *
 * @returns when the last byte is on its way
 * @throws what the stream threw; {MtlsPopError} `timeout`, `invalid_options` for another length than was said, and as {@link assertBytes} does
 */
export async function upload(outgoing: ClientRequest, content: Uint8Array | ReadableStream, options: UploadOptions): Promise<void> {
  const pieces = content instanceof Uint8Array ? piecesOf(content) : chunksOf(content, outgoing, options.length);
  for await (const piece of pieces) {
    if (outgoing.destroyed) return;
    if (!outgoing.write(piece)) await writable(outgoing, options);
  }
  outgoing.end();
}

/** @throws {MtlsPopError} `invalid_options` for a stream's chunk that is not bytes, which `fetch` refuses as well */
export function assertBytes(chunk: unknown): asserts chunk is Uint8Array {
  if (chunk instanceof Uint8Array) return;
  throw new MtlsPopError("invalid_options", `The request's body is a stream with a chunk of type ${typeof chunk} in it, not bytes.`, {
    help: "Pipe it through a TextEncoderStream.",
  });
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

async function* chunksOf(stream: ReadableStream, outgoing: ClientRequest, length: number | undefined): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  outgoing.once("close", () => reader.cancel().catch(() => undefined));
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    assertBytes(value);
    size += value.byteLength;
    // what lies beyond the length would be the next request
    if (length !== undefined && size > length) throw wrongLength(length, "more");
    yield value;
  }
  if (length !== undefined && size < length && !outgoing.destroyed) throw wrongLength(length, "less");
}

function wrongLength(length: number, found: string): MtlsPopError {
  return new MtlsPopError("invalid_options", `The request's body was said to have ${length} bytes, but its stream has ${found}.`, {
    help: "Pass its bytes, or a stream.",
  });
}

function writable(outgoing: ClientRequest, { timeoutMs, authority, isAnswered }: UploadOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => isAnswered() || end(timeoutError("upload", authority, timeoutMs)), timeoutMs);
    const end = (error?: MtlsPopError) => {
      clearTimeout(timer);
      outgoing.off("drain", ready);
      outgoing.off("close", ready);
      if (error) reject(error);
      else resolve();
    };
    const ready = () => end();
    outgoing.once("drain", ready);
    outgoing.once("close", ready);
  });
}
