import type { TypedData } from "./core-api.js";

/** A value as the host hands it to the library: text, bytes, numbers, everything else as JSON. */
export function toTypedData(value: unknown): TypedData {
  if (value === undefined || value === null) return {};
  if (typeof value === "string") return { string: value };
  if (value instanceof Uint8Array) return { bytes: value };
  if (typeof value === "number") return Number.isSafeInteger(value) ? { int: value } : { double: value };
  return { json: JSON.stringify(value) };
}

/** The bytes of an HTTP body that the library hands to the host. */
export function bodyBytes(body: TypedData | null | undefined): Uint8Array {
  if (body?.bytes) return body.bytes;
  return Buffer.from(body?.string ?? body?.json ?? String(body?.int ?? body?.double ?? ""));
}
