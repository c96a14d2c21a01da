import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Who may call an HTTP function. */
export type AuthLevel = "anonymous" | "function" | "admin";

/** The keys of one host; made when it starts, as Azure makes them when an app is created. */
export class FunctionKeys {
  /** Opens functions of the level `function`. */
  readonly functionKey: string = randomBytes(32).toString("base64url");
  /** Opens every function; Azure calls it the master key. */
  readonly adminKey: string = randomBytes(32).toString("base64url");

  /** Whether a request carries a key that is enough; the header `x-functions-key` goes before the query's `code`. */
  admits(level: AuthLevel, request: IncomingMessage, url: URL): boolean {
    if (level === "anonymous") return true;
    const header = request.headers["x-functions-key"];
    const given = (typeof header === "string" && header) || url.searchParams.get("code") || "";
    return equal(given, this.adminKey) || (level === "function" && equal(given, this.functionKey));
  }
}

function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
