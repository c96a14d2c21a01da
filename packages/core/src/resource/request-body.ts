import { Readable } from "node:stream";
import type { ReadableStreamDefaultReader, ReadableStream as WebStream } from "node:stream/web";
import { isAnyArrayBuffer } from "node:util/types";
import { MtlsPopError } from "../errors.js";
import { assertBytes } from "../transport/upload.js";

/** How much of a Request's body is read before it counts as a stream, in bytes. */
const READ_AHEAD_BYTES = 64 * 1024;

/** A body as it goes out. */
export interface OutgoingBody {
  /** What `Content-Type` says unless the caller does. */
  readonly contentType: string | undefined;
  /** In bytes; `undefined` for a body that is sent in chunks. */
  readonly length: number | undefined;
  readonly content: Uint8Array | (() => WebStream);
  /** Whether it can be sent a second time, after a 401 or a redirect. */
  readonly replayable: boolean;
}

/** A body that takes a while to read. */
export interface PendingBody {
  readonly outgoing: Promise<OutgoingBody>;
  /** Ends the reading; the stream behind it is cancelled. */
  readonly cancel?: (reason: unknown) => void;
}

/**
 * Reads what `fetch` takes as a body.
 *
 * Bytes are copied, so that a later change by the caller does not reach the wire. A FormData is encoded in memory. A ReadableStream or
 * async iterable is sent in chunks and once only.
 *
 * @throws {MtlsPopError} `invalid_options`
 * @see https://fetch.spec.whatwg.org/#concept-bodyinit-extract
 */
export function readBody(body: unknown): OutgoingBody | PendingBody {
  // Node writes a string together with the headers, and both as UTF-8: a header's Latin-1 would be changed
  if (typeof body === "string") return bytes(Buffer.from(body), "text/plain;charset=UTF-8");
  if (body instanceof URLSearchParams) return bytes(Buffer.from(body.toString()), "application/x-www-form-urlencoded;charset=UTF-8");
  if (ArrayBuffer.isView(body) || isAnyArrayBuffer(body)) return copied(body);
  if (body instanceof Blob) return blob(body);
  // a look-alike from a package would become the text "[object FormData]"; and the platform's costs 25 ms to touch
  if (Object.prototype.toString.call(body) === "[object FormData]" && body instanceof FormData) return { outgoing: formData(body) };
  if (body instanceof ReadableStream) return stream(body);
  if (isStreaming(body)) return stream(ReadableStream.from(asBytes(body)));
  throw new MtlsPopError("invalid_options", "The request's body is of a kind that `fetch` does not send.", {
    help: "Use a string (JSON.stringify for an object), bytes, a Blob, FormData, URLSearchParams, or a stream.",
  });
}

/** The body of a Request: one that ends within 64 KiB can be sent again, a longer one is sent as the stream it is. */
export function readRequestBody(body: WebStream): PendingBody {
  assertUnread(body);
  const reader = body.getReader();
  return { outgoing: readAhead(reader), cancel: (reason) => reader.cancel(reason).catch(() => undefined) };
}

async function readAhead(reader: ReadableStreamDefaultReader): Promise<OutgoingBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size <= READ_AHEAD_BYTES) {
    const { done, value } = await reader.read();
    if (done) return bytes(Buffer.concat(chunks));
    assertBytes(value);
    chunks.push(value);
    size += value.byteLength;
  }
  return stream(resumed(chunks, reader));
}

/** A stream that begins with what was read of another one. */
function resumed(chunks: Uint8Array[], reader: ReadableStreamDefaultReader): WebStream {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = chunks.length > 0 ? { done: false, value: chunks.shift() } : await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** Whether `fetch` wants `duplex: "half"` with this body: it can't be known whether the answer comes before its end. */
export function isStreaming(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** Cancels what was not sent after all. */
export function discard(body: OutgoingBody | PendingBody, reason: unknown): void {
  if ("outgoing" in body) {
    body.outgoing.catch(() => undefined);
    body.cancel?.(reason);
  } else if (typeof body.content === "function" && !body.replayable) {
    const stream = body.content();
    if (!stream.locked) stream.cancel(reason).catch(() => undefined);
  }
}

/** The error for a second request that would need the body again. @param found whom it was sent to, and what came back */
export function notReplayable(found: string, statusCode: number | undefined): MtlsPopError {
  return new MtlsPopError("body_not_replayable", `${found}, but the request's body was a stream, which is sent once only.`, {
    statusCode,
    help: "Pass the body as a string, bytes or a Blob; or make a call without a body first, so that the resource is known.",
  });
}

function bytes(content: Uint8Array, contentType?: string): OutgoingBody {
  return { content, length: content.byteLength, contentType, replayable: true };
}

function copied(body: ArrayBufferView | ArrayBufferLike): OutgoingBody {
  try {
    const view = ArrayBuffer.isView(body) ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : new Uint8Array(body);
    return bytes(new Uint8Array(view));
  } catch (cause) {
    throw new MtlsPopError("invalid_options", "The request's body is a buffer whose memory was given away.", {
      cause,
      help: "Pass it before it is transferred to another thread.",
    });
  }
}

function blob(body: Blob): OutgoingBody {
  return { content: () => body.stream(), length: body.size, contentType: body.type || undefined, replayable: true };
}

async function formData(body: FormData): Promise<OutgoingBody> {
  // the platform knows how to write multipart/form-data
  const encoded = new Response(body);
  const contentType = encoded.headers.get("content-type") ?? undefined;
  return bytes(new Uint8Array(await encoded.arrayBuffer()), contentType);
}

function stream(body: WebStream): OutgoingBody {
  assertUnread(body);
  return { content: () => body, length: undefined, contentType: undefined, replayable: false };
}

function assertUnread(body: WebStream): void {
  // Node's own test of a web stream too, whatever its types say
  if (body.locked || Reflect.apply(Readable.isDisturbed, undefined, [body])) {
    throw new MtlsPopError("invalid_options", "The request's body is a stream that has been read already, or is being read elsewhere.", {
      help: "Pass a stream that nobody has read from.",
    });
  }
}

/** The chunks of a body, each text among them as bytes. */
export async function* asBytes(chunks: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<unknown> {
  for await (const chunk of chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}
