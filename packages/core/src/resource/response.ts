import type { IncomingMessage } from "node:http";
import { MtlsPopError } from "../errors.js";
import type { Answer } from "../transport/answer.js";
import { transportError } from "../transport/transport-errors.js";
import { streamOf } from "./ready-stream.js";
import { decodedChunks, ResponseBody, type ResponseBodyOptions } from "./response-body.js";

/** Answers that have no body, whatever their headers say (https://fetch.spec.whatwg.org/#null-body-status). */
const NULL_BODY_STATUS = new Set([204, 205, 304]);

/** What an answer is turned into a `Response` with. */
export interface ResponseOptions extends ResponseBodyOptions {
  readonly method: string;
  /** The URL that answered. */
  readonly url: URL;
  readonly redirected: boolean;
  /** The body, when it was read already. */
  readonly kept?: Buffer | undefined;
  /** Told of a body that is still under way. */
  readonly onBegin: (body: ResponseBody, stream: ReadableStream) => void;
}

/** What the head of an answer becomes for the caller; its body is read, or ended, by whoever has it then. */
export type Conclude<T> = (answer: Answer, facts: ResponseOptions) => T;

/**
 * Makes the platform's `Response` of an answer, with `url`, `type` and `redirected` as `fetch` sets them.
 *
 * @throws {MtlsPopError} `network_error` for an answer that no `Response` can be made of
 */
export function toResponse(answer: Answer, options: ResponseOptions): Response {
  const { message } = answer;
  const status = message.statusCode ?? 0;
  if (status < 200 || status > 599) {
    message.destroy();
    throw new MtlsPopError("network_error", `${options.authority} answered with the status ${status}.`, {
      statusCode: status,
      retryable: false,
    });
  }
  const init = { status, statusText: message.statusMessage ?? "", headers: headersOf(message) };
  try {
    return located(withBody(answer, init, options), withoutHash(options.url), options.redirected);
  } catch (error) {
    message.destroy();
    throw transportError(error, options.authority, { statusCode: status, retryable: false });
  }
}

/** Says where a response came from; the platform's own setters are out of reach. */
function located(response: Response, url: string, redirected: boolean): Response {
  Object.defineProperty(response, "url", { value: url });
  Object.defineProperty(response, "type", TYPE);
  if (redirected) Object.defineProperty(response, "redirected", { value: true });
  return Object.defineProperty(response, "clone", CLONE);
}

/** That of an answer which no cross-origin rule holds back; one that a program makes has `default`. */
const TYPE: PropertyDescriptor = { value: "basic" };

const CLONE: PropertyDescriptor = {
  value(this: Response): Response {
    return located(Response.prototype.clone.call(this), this.url, this.redirected);
  },
};

function withBody(answer: Answer, init: ResponseInit, options: ResponseOptions): Response {
  const { message } = answer;
  if (options.method === "HEAD" || NULL_BODY_STATUS.has(message.statusCode ?? 0)) {
    if (!options.kept) discard(message, options.timeoutMs);
    return new Response(null, init);
  }
  if (options.kept)
    return new Response(keptBody(options.kept, options.decode ? message.headers["content-encoding"] : undefined, options.authority), init);
  // a small answer usually arrives in one piece: no listeners, no time-outs, and its connection is free at once
  if (message.complete && !(options.decode && message.headers["content-encoding"] !== undefined))
    return new Response(complete(message), init);
  const body = new ResponseBody(answer, options);
  const stream = new ReadableStream(body, ResponseBody.strategy);
  options.onBegin(body, stream);
  return new Response(stream, init);
}

function keptBody(bytes: Buffer, contentEncoding: string | undefined, authority: string): Buffer | ReadableStream {
  return contentEncoding === undefined ? bytes : ReadableStream.from(decodedChunks(bytes, contentEncoding, authority));
}

/** None is to come: one that comes nevertheless, or is announced and does not end, closes the connection. */
function discard(message: IncomingMessage, timeoutMs: number): void {
  const close = () => message.destroy();
  message.on("error", () => undefined);
  message.once("data", close);
  if (message.complete) return;
  const timer = setTimeout(close, timeoutMs).unref();
  message.once("close", () => clearTimeout(timer));
}

function complete(message: IncomingMessage): ReadableStream {
  const bytes: Buffer | null = message.read();
  if (bytes === null) message.resume();
  // a copy: the stream takes the whole ArrayBuffer, of which the bytes may be a part
  return streamOf(bytes && new Uint8Array(bytes));
}

function headersOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.push([rawHeaders[i] ?? "", rawHeaders[i + 1] ?? ""]);
  return headers;
}

function withoutHash(url: URL): string {
  return url.hash ? url.href.slice(0, -url.hash.length) : url.href;
}
