import type { ReadableStream as WebStream } from "node:stream/web";
import { isAnyArrayBuffer } from "node:util/types";
import { MtlsPopError } from "../errors.js";
import { asBytes, type OutgoingBody } from "../resource/request-body.js";
import type { OnProgress, SdkRequest } from "./sdk-request.js";

/** Progress is told after each of these, in bytes. */
const PIECE_BYTES = 64 * 1024;

/** Streams that went out, or were let go of: the SDK's policies would send what is left of one as if it were all. */
const begun = new WeakSet<object>();

/**
 * The body of an SDK request as it goes out. A function gives a new stream each time and can be sent again; a stream is sent once.
 *
 * @param contentLength what the SDK says of a stream
 * @throws {MtlsPopError} `invalid_options` for what is neither text, bytes, a Blob nor a stream; `body_not_replayable` for a stream's second time
 */
export function readPipelineBody({ body, onUploadProgress }: SdkRequest, contentLength: string | undefined): OutgoingBody | undefined {
  if (body === undefined || body === null) return undefined;
  const outgoing = outgoingBody(body, contentLength === undefined ? undefined : Number(contentLength));
  if (!onUploadProgress) return outgoing;
  const { content } = outgoing;
  return { ...outgoing, content: () => counted(typeof content === "function" ? content() : piecesOf(content), onUploadProgress) };
}

function outgoingBody(body: unknown, length: number | undefined): OutgoingBody {
  // the SDK names the type of each body itself
  const contentType = undefined;
  if (typeof body === "string") return outgoingBody(Buffer.from(body), undefined);
  if (ArrayBuffer.isView(body)) {
    const content = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    return { content, length: content.byteLength, contentType, replayable: true };
  }
  if (isAnyArrayBuffer(body)) return outgoingBody(new Uint8Array(body), undefined);
  if (body instanceof Blob) return { content: () => body.stream(), length: body.size, contentType, replayable: true };
  if (typeof body === "function")
    return { content: () => streamOf(Reflect.apply(body, undefined, [])), length, contentType, replayable: true };
  return { content: onceStreamOf(body), length, contentType, replayable: false };
}

function onceStreamOf(body: unknown): () => WebStream {
  const stream = streamOf(body);
  const key = Object(body);
  if (begun.has(key)) {
    throw new MtlsPopError("body_not_replayable", "The SDK tries a request again whose body is a stream, which is sent once only.", {
      help: "Pass text, bytes, a Blob or a function that makes the stream; or switch the SDK's retries off, to be told what the first try came to.",
    });
  }
  return () => {
    begun.add(key);
    return stream;
  };
}

function streamOf(body: unknown): WebStream {
  if (body instanceof ReadableStream) return body;
  if (typeof body === "object" && body !== null && Symbol.asyncIterator in body)
    return ReadableStream.from(asBytes(body as AsyncIterable<unknown>));
  throw new MtlsPopError("invalid_options", "The SDK's request has a body that is neither text, bytes, a Blob nor a stream.");
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

/** A stream that tells how many bytes have been taken from it. */
export function counted(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, onProgress: OnProgress): WebStream {
  return ReadableStream.from(telling(chunks, onProgress));
}

async function* telling(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, onProgress: OnProgress): AsyncGenerator<Uint8Array> {
  let loadedBytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    loadedBytes += chunk.byteLength;
    onProgress({ loadedBytes });
  }
}
