import type { ReadableStream } from "node:stream/web";
import type { Endpoint } from "./endpoint.js";

/** How often the requests of one call may go out anew on their own account. */
export interface Resends {
  /** Whether there may be any. */
  readonly resetsAreRetried: boolean;
  /** Whether this lost connection is followed by one more try; asked once for each. */
  takeReset(): boolean;
}

/** One request to a resource, ready for the wire. */
export interface ResourceRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turn, `Host` and the framing of the body among them. */
  readonly headers: readonly string[];
  readonly content: Uint8Array | (() => ReadableStream) | undefined;
  /** Of `content`, in bytes, where it is known. */
  readonly length: number | undefined;
  /** Whether `content` can be sent a second time. */
  readonly replayable: boolean;
  readonly resends: Resends;
  readonly signal: AbortSignal | undefined;
}

/** Methods that may be sent again without being asked (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** Whether a request may be sent a second time, and nothing be done twice. */
export function isRepeatable(request: Pick<ResourceRequest, "method" | "replayable">): boolean {
  return whyNotRepeatable(request) === undefined;
}

/** In words that complete "the request …"; `undefined` when it may be sent a second time. */
export function whyNotRepeatable({ method, replayable }: Pick<ResourceRequest, "method" | "replayable">): string | undefined {
  if (!IDEMPOTENT.has(method)) return "is not idempotent";
  return replayable ? undefined : "has a body that is sent once only";
}
