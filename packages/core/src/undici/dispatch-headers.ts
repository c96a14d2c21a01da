import { isUint8Array } from "node:util/types";
import { MtlsPopError } from "../errors.js";
import { readHeaders } from "../resource/caller-headers.js";

const WHERE = "The dispatch's `headers`";

/** The headers of a dispatch, without what belongs to the connection. */
export interface DispatchHeaders {
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** What `Content-Length` says, in bytes. */
  readonly length: number | undefined;
}

/**
 * Reads headers in each of undici's forms: names and values in turn, pairs, or an object; as text or bytes, with several values of one name in
 * an array. `Host` is left out where it names the resource, and so is `Connection`, which is the client's to choose.
 *
 * @param authority the resource's host and port
 * @throws {MtlsPopError} `authorization_header_refused`, `invalid_options`
 */
export function readDispatchHeaders(headers: unknown, authority: string): DispatchHeaders {
  const own: [name: string, value: string][] = [];
  let length: number | undefined;
  for (const [name, value] of linesOf(headers)) {
    const lower = name.toLowerCase();
    if (lower === "connection" || (lower === "host" && value.toLowerCase() === authority)) continue;
    if (lower === "content-length") length = readLength(value, length);
    else own.push([name, value]);
  }
  const read = readHeaders(WHERE, own);
  // whoever asked is to get the answer as it was asked for
  if (!read.has("accept-encoding")) read.set("accept-encoding", "identity");
  return { headers: read, length };
}

function readLength(value: string, before: number | undefined): number {
  const length = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(length) || (before !== undefined && before !== length)) {
    throw new MtlsPopError("invalid_options", `${WHERE} have a Content-Length that is no number of bytes, or two of them.`);
  }
  return length;
}

function* linesOf(headers: unknown): Generator<[name: string, value: string]> {
  for (const [name, values] of pairsOf(headers)) {
    for (const value of Array.isArray(values) ? values : [values]) if (value !== undefined) yield [textOf(name), textOf(value ?? "")];
  }
}

function pairsOf(headers: unknown): readonly (readonly [name: unknown, values: unknown])[] {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== "object") throw notHeaders();
  if (!(Symbol.iterator in headers)) return Object.entries(headers);
  const list = Array.from(headers as Iterable<unknown>);
  const isFlat = Array.isArray(headers) && !Array.isArray(list[0]);
  return isFlat ? inTurn(list) : list.map(pairOf);
}

function inTurn(list: readonly unknown[]): [unknown, unknown][] {
  if (list.length % 2 !== 0) throw notHeaders();
  return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]);
}

function pairOf(pair: unknown): [unknown, unknown] {
  if (!Array.isArray(pair) || pair.length !== 2) throw notHeaders();
  return [pair[0], pair[1]];
}

function textOf(part: unknown): string {
  if (isUint8Array(part)) return Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString("latin1");
  if (typeof part === "object" || typeof part === "function" || typeof part === "symbol") throw notHeaders();
  return String(part);
}

function notHeaders(): MtlsPopError {
  return new MtlsPopError(
    "invalid_options",
    `${WHERE} must be names and values in turn, pairs of these, or an object, all of them text or bytes.`,
  );
}
