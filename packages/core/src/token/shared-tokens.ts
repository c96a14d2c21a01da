import { createHash } from "node:crypto";
import type { AuthenticationResult } from "../application/authentication-result.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { abortable, type WaitLimit } from "../internal/abortable.js";
import { type Logger, tell } from "../internal/logger.js";
import { readStoredToken, writeStoredToken } from "./stored-token.js";
import type { TokenType } from "./token-response.js";
import type { TokenStore } from "./token-store.js";

/** A token that other processes may have, or want. */
export interface SharedInquiry {
  /** The cache key of the token that is looked for. */
  readonly key: string;
  readonly certificate: BindingCertificate;
  /** Whether a token in the store will do. */
  readonly accepts: (stored: AuthenticationResult) => boolean;
  /** Asks the service. */
  readonly ask: () => Promise<AuthenticationResult>;
  /** The cache key of a new token. */
  readonly placeOf: (result: AuthenticationResult) => string;
  /** Ends when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** How {@link SharedTokens} deal with a store. */
export interface SharedTokensOptions {
  /** What the store may take for each thing that it does. */
  readonly timeoutMs: number;
  /** What the authority calls its bound tokens. */
  readonly tokenType: TokenType;
  readonly logger: Logger | undefined;
}

/** The tokens that several processes have in common: one of them asks the service, the others find the token in the store. */
export class SharedTokens {
  readonly #store: TokenStore;
  readonly #timeoutMs: number;
  readonly #tokenType: TokenType;
  readonly #logger: Logger | undefined;

  constructor(store: TokenStore, { timeoutMs, tokenType, logger }: SharedTokensOptions) {
    this.#store = store;
    this.#timeoutMs = timeoutMs;
    this.#tokenType = tokenType;
    this.#logger = logger;
  }

  /** The store's token, else one from the service, which is put into the store. Nothing that the store does makes it fail. */
  async obtain(inquiry: SharedInquiry): Promise<AuthenticationResult> {
    const { key, signal } = inquiry;
    let begun: Promise<AuthenticationResult> | undefined;
    // the store may come back to it when the wait is over already
    const begin = () => {
      begun ??= this.#readOrAsk(inquiry);
      return begun;
    };
    if (this.#store.exclusively) await this.#turn(nameOf(key), begin, signal);
    return begin();
  }

  /** Waits until this process may work; the work itself may still be under way then. */
  async #turn(name: string, begin: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const turn = new Promise<void>((resolve, reject) => {
      const work = () => {
        resolve();
        return signal.aborted ? Promise.reject(signal.reason) : begin();
      };
      // inside of a promise, since it may throw as well
      Promise.resolve()
        .then(() => this.#store.exclusively?.(name, work))
        .then(() => resolve(), reject);
    });
    try {
      await abortable(turn, signal, this.#limit("exclusively"));
    } catch (error) {
      signal.throwIfAborted();
      this.#tell("gave no turn, so the token is asked for without it", error);
    }
  }

  async #readOrAsk({ key, certificate, accepts, ask, placeOf }: SharedInquiry): Promise<AuthenticationResult> {
    const stored = await this.#read(nameOf(key), certificate);
    if (stored && accepts(stored)) return stored;
    const result = await ask();
    const { bindingCertificate } = result;
    if (bindingCertificate) await this.#write(nameOf(placeOf(result)), result, bindingCertificate);
    return result;
  }

  async #read(name: string, certificate: BindingCertificate): Promise<AuthenticationResult | undefined> {
    try {
      const text = await this.#limited("read", () => this.#store.read(name));
      return typeof text === "string" ? readStoredToken(text, { name, certificate, tokenType: this.#tokenType }) : undefined;
    } catch (error) {
      this.#tell("gave no token that can be used", error);
      return undefined;
    }
  }

  async #write(name: string, result: AuthenticationResult, certificate: BindingCertificate): Promise<void> {
    try {
      await this.#limited("write", () => this.#store.write(name, writeStoredToken(result, { name, certificate }), result.expiresOn));
    } catch (error) {
      this.#tell("did not take a new token", error);
    }
  }

  #limited<T>(method: keyof TokenStore, call: () => Promise<T>): Promise<T> {
    return abortable(Promise.resolve().then(call), undefined, this.#limit(method));
  }

  #limit(method: keyof TokenStore): WaitLimit {
    const timeoutMs = this.#timeoutMs;
    return { timeoutMs, error: () => new Error(`${method}() took longer than ${timeoutMs} ms`) };
  }

  #tell(what: string, error: unknown): void {
    tell(this.#logger, "warn", `The token store ${what}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Nothing of tenant, client or scope is to be read in the names of a store. */
function nameOf(key: string): string {
  return createHash("sha256").update(key).digest("base64url");
}
