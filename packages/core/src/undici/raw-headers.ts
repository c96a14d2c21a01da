import type { AnswerHeaders } from "./dispatch-handler.js";

/** Names and values in turn, of `node:http`, as undici hands them on. */
export function buffersOf(rawHeaders: readonly string[]): Buffer[] {
  return rawHeaders.map((part) => Buffer.from(part, "latin1"));
}

/** By lower-case name; without a prototype, since the other side chooses the names. */
export function headersOf(rawHeaders: readonly string[]): AnswerHeaders {
  const headers: AnswerHeaders = Object.create(null);
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? "").toLowerCase();
    const value = rawHeaders[i + 1] ?? "";
    const present = headers[name];
    headers[name] = present === undefined ? value : [present, value].flat();
  }
  return headers;
}

/** The way back: one name for each value. */
export function inTurn(headers: AnswerHeaders): string[] {
  return Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
}
