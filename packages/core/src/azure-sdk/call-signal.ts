import type { Readable } from "node:stream";
import type { GetTokenOptions } from "@azure/core-auth";
import { abortable } from "../internal/abortable.js";

/** The part of a signal that the SDK promises; its polyfills have no more. */
type SignalLike = NonNullable<GetTokenOptions["abortSignal"]>;

/** How the SDK knows an abort: by the name. */
class AbortError extends Error {
  override readonly name = "AbortError";
}

/**
 * The platform's signal for one call of the SDK, which gives a signal of its own kind and a number of milliseconds. Both end the call
 * with an AbortError.
 */
export class CallSignal {
  readonly #controller = new AbortController();
  readonly #outer: SignalLike | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #isHeld = false;

  /** @param timeoutMs milliseconds; nothing and 0 are none */
  constructor(outer: SignalLike | undefined, timeoutMs: number | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#onAbort();
    else outer?.addEventListener("abort", this.#onAbort);
    if (timeoutMs) this.#timer = setTimeout(() => this.#abort(`The request took longer than its timeout of ${timeoutMs} ms.`), timeoutMs);
  }

  get native(): AbortSignal {
    return this.#controller.signal;
  }

  /** Does the work unless the call is over, and waits no longer than the call lasts. */
  race<T>(work: () => Promise<T>): Promise<T> {
    const { native } = this;
    return native.aborted ? Promise.reject(native.reason) : abortable(Promise.resolve(work()), native);
  }

  /** The answer began: what it takes from here on is not part of the time-out. */
  endTimeout(): void {
    clearTimeout(this.#timer);
  }

  /** Keeps the call alive until this body has ended; {@link release} then does nothing. */
  holdFor(body: Readable): void {
    this.#isHeld = true;
    body.once("close", () => this.#letGo());
  }

  /** Lets go of the SDK's signal, which may live as long as the process. */
  release(): void {
    this.endTimeout();
    if (!this.#isHeld) this.#letGo();
  }

  #letGo(): void {
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    this.#abort("The operation was aborted.", this.#outer && Reflect.get(this.#outer, "reason"));
  };

  #abort(message: string, cause?: unknown): void {
    this.#controller.abort(new AbortError(message, cause === undefined ? undefined : { cause }));
  }
}
