import { Readable } from "node:stream";
import type { ReadableStream as WebStream } from "node:stream/web";
import { MtlsPopError } from "../errors.js";

/** How much of a Request's body is read before it counts as a stream, in bytes. */
const READ_AHEAD_BYTES = 64 * 1024;

/** A body as it goes out. */
export interface OutgoingBody {
  /** What `Content-Type` says unless the caller does. */
  readonly contentType: string | undefined;
  /** In bytes; `undefined` for a body that is sent in chunks. */
  readonly length: number | undefined;
  readonly content: string | Uint8Array | (() => WebStream);
  /** Whether it can be sent a second time, after a 401 or a redirect. */
  readonly replayable: boolean;
}

/**
 * Reads what `fetch` takes as a body.
 *
 * Bytes are copied, so that a later change by the caller does not reach the wire. A FormData is encoded in memory. A ReadableStream or
 * async iterable is sent in chunks and once only.
 *
 * @returns a promise only for what can't be read at once
 * @throws {MtlsPopError} `invalid_options`
 * @see https://fetch.spec.whatwg.org/#concept-bodyinit-extract
 */
export function readBody(body: unknown): OutgoingBody | Promise<OutgoingBody> {
  if (typeof body === "string") return bytes(body, Buffer.byteLength(body), "text/plain;charset=UTF-8");
  if (body instanceof URLSearchParams) {
    const text = body.toString();
    return bytes(text, text.length, "application/x-www-form-urlencoded;charset=UTF-8");
  }
  if (ArrayBuffer.isView(body)) return copied(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  switch (Object.prototype.toString.call(body)) {
    case "[object ArrayBuffer]":
    case "[object SharedArrayBuffer]":
      return copied(new Uint8Array(body as ArrayBuffer));
    case "[object Blob]":
    case "[object File]":
      return blob(body as Blob);
    case "[object FormData]":
      return formData(body as FormData);
    case "[object ReadableStream]":
      return stream(body as WebStream);
  }
  if (typeof body === "object" && body !== null && Symbol.asyncIterator in body) {
    return stream(ReadableStream.from(asBytes(body as AsyncIterable<unknown>)));
  }
  throw new MtlsPopError("invalid_options", "The request's body is of a kind that `fetch` does not send.", {
    help: "Use a string (JSON.stringify for an object), bytes, a Blob, FormData, URLSearchParams, or a stream.",
  });
}

/** The body of a Request: one that ends within 64 KiB can be sent again, a longer one is sent as the stream it is. */
export async function readRequestBody(body: WebStream): Promise<OutgoingBody> {
  assertUnread(body);
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size <= READ_AHEAD_BYTES) {
    const { done, value } = await reader.read();
    if (done) return bytes(Buffer.concat(chunks), size);
    chunks.push(value);
    size += value.byteLength;
  }
  reader.releaseLock();
  async function* resumed() {
    yield* chunks;
    yield* body;
  }
  return stream(ReadableStream.from(resumed()));
}

/** Whether `fetch` wants `duplex: "half"` with this body: it can't be known whether the answer comes before its end. */
export function isStreaming(body: unknown): boolean {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** Cancels a stream that was not sent after all. */
export function discard({ content, replayable }: OutgoingBody): void {
  if (typeof content !== "function" || replayable) return;
  const stream = content();
  if (!stream.locked) stream.cancel().catch(() => undefined);
}

function bytes(content: string | Uint8Array, length: number, contentType?: string): OutgoingBody {
  return { content, length, contentType, replayable: true };
}

function copied(view: Uint8Array): OutgoingBody {
  return bytes(Uint8Array.from(view), view.byteLength);
}

function blob(body: Blob): OutgoingBody {
  return { content: () => body.stream() as WebStream, length: body.size, contentType: body.type || undefined, replayable: true };
}

async function formData(body: FormData): Promise<OutgoingBody> {
  // the platform knows how to write multipart/form-data
  const encoded = new Response(body);
  const contentType = encoded.headers.get("content-type") ?? undefined;
  const content = new Uint8Array(await encoded.arrayBuffer());
  return bytes(content, content.byteLength, contentType);
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

async function* asBytes(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk));
}
