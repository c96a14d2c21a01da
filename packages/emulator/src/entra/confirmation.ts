import type { JWTPayload } from "jose";
import { isRecord } from "./token-form.js";

/** The `cnf["x5t#S256"]` of a token: the hash of the certificate that it is bound to; `undefined` for an unbound one (RFC 8705 section 3.1). */
export function confirmationOf({ cnf }: JWTPayload): string | undefined {
  const value = isRecord(cnf) ? cnf["x5t#S256"] : undefined;
  return typeof value === "string" ? value : undefined;
}
