import { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { isArrayBuffer } from "node:util/types";
import { MtlsPopError } from "../errors.js";
import { asBytes, type OutgoingBody, type PendingBody, readBody, readRequestBody } from "../resource/request-body.js";

/** A stream of a known length up to this one is read before it is sent, in bytes: `fetch` makes a stream of each body. */
const REPLAYABLE_BYTES = 64 * 1024;

/**
 * Reads what undici dispatches as a body: text, bytes, a Blob, FormData of the platform's or undici's, a stream of Node's, and what can be iterated. A
 * stream goes out once only, but for one whose length is known and small.
 *
 * @param length what `Content-Length` says, in bytes
 * @throws {MtlsPopError} `invalid_options`
 */
export function readDispatchBody(body: unknown, length: number | undefined): OutgoingBody | PendingBody | undefined {
  if (body === undefined || body === null || body === "") return undefined;
  // unlike in `fetch`, text has no type of its own
  if (typeof body === "string") return readBody(Buffer.from(body));
  if (ArrayBuffer.isView(body) || isArrayBuffer(body)) return body.byteLength === 0 ? undefined : readBody(body);
  if (Object.prototype.toString.call(body) === "[object FormData]") return readBody(platformForm(body));
  if (body instanceof Blob) return readBody(body);
  if (!isIterable(body)) {
    throw new MtlsPopError("invalid_options", "The dispatch's `body` must be text, bytes, a Blob, FormData, a stream or an iterable.");
  }
  const stream = ReadableStream.from(asBytes(isNodeStream(body) ? chunksOf(body) : body));
  if (length !== undefined && length <= REPLAYABLE_BYTES && !isNodeStream(body)) return readRequestBody(stream);
  return { content: () => stream, length, contentType: undefined, replayable: false };
}

/** Whether a body is a stream of Node's, which breaks with an event. */
export function isNodeStream(body: unknown): body is Readable {
  return body instanceof Readable || (typeof body === "object" && body !== null && "pipe" in body && "on" in body && "destroy" in body);
}

/**
 * What of a body is not sent after all; a stream without a listener would end the process with the error. A request to a server is left to that
 * server: with it would go the connection that its answer needs.
 */
export function letGo(body: unknown, error: Error | undefined): void {
  if (!isNodeStream(body)) return;
  body.on("error", () => undefined);
  if (!isServerRequest(body)) body.destroy(error);
}

/** Whether there is more to read of a stream, as when an answer did not wait for it. */
export function isUnread(body: unknown): boolean {
  return isNodeStream(body) && body.readableEnded === false;
}

function isServerRequest(body: Readable): boolean {
  return body instanceof IncomingMessage && typeof body.statusCode !== "number";
}

/** Those of a stream that {@link letGo} is for; one of a package that does not know this ends with its reader. */
function chunksOf(body: Readable): AsyncIterable<unknown> {
  return typeof body.iterator === "function" ? body.iterator({ destroyOnReturn: false }) : body;
}

function isIterable(body: unknown): body is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof body === "object" && body !== null && (Symbol.asyncIterator in body || Symbol.iterator in body);
}

/** undici's own class is another one than the platform's. */
function platformForm(body: unknown): FormData {
  if (body instanceof FormData) return body;
  const form = new FormData();
  for (const [name, value] of body as FormData) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, value, value.name);
  }
  return form;
}
