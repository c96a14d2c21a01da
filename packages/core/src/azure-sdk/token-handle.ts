import { randomBytes } from "node:crypto";

/** In front of every handle, so that whoever meets one in a log or a record knows what it is not. */
const PREFIX = "mtls-pop-handle-not-a-token";

/**
 * The handles of one credential: what the Azure SDK is given in a token's place. A handle says for which scope it was issued, and nothing
 * that a server could use. It does not age, since the token is looked up at each call.
 */
export class TokenHandles {
  readonly #prefix = `${PREFIX}:${randomBytes(16).toString("base64url")}:`;

  issue(scope: string): string {
    return `${this.#prefix}${Buffer.from(scope).toString("base64url")}`;
  }

  /** The scope that a handle was issued for; `undefined` for what is no handle of this credential. */
  scopeOf(handle: string): string | undefined {
    return handle.startsWith(this.#prefix) ? Buffer.from(handle.slice(this.#prefix.length), "base64url").toString() : undefined;
  }
}
