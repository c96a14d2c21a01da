import type { JSONWebKeySet } from "jose";
import { record } from "../internal/options.js";

/** Whether something has the form of a JWK set. @see RFC 7517 section 5 */
export function isKeySet(value: unknown): value is JSONWebKeySet {
  const keys: unknown = record.test(value) ? Reflect.get(Object(value), "keys") : undefined;
  return (
    Array.isArray(keys) && keys.length > 0 && [...keys].every((key) => record.test(key) && typeof Reflect.get(key, "kty") === "string")
  );
}
