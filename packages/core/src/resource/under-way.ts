import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { closedUnread, type ResponseBody } from "./response-body.js";

/** The calls of one client that have not ended, so that `close()` can wait for them. */
export class UnderWay {
  /** Streams that nobody else has any more are not kept. */
  readonly #bodies = new Map<ResponseBody, WeakRef<ReadableStream>>();
  #calls = 0;
  #onEmpty: (() => void) | undefined;

  /** Counts a call until its answer's head is there, or it has failed. */
  begin(): void {
    this.#calls++;
  }

  end(): void {
    if (--this.#calls === 0) this.#onEmpty?.();
  }

  /** Keeps the body of an answer until it is read. */
  readonly addBody = (body: ResponseBody, stream: ReadableStream): void => {
    this.#bodies.set(body, new WeakRef(stream));
  };

  readonly removeBody = (body: ResponseBody): void => {
    if (this.#bodies.delete(body) && this.#bodies.size === 0) this.#onEmpty?.();
  };

  /**
   * Waits for the calls, then for the bodies that somebody reads. A body that nobody has begun to read ends with `client_closed`; one
   * that is read no further runs into its time-out.
   */
  async settled(): Promise<void> {
    while (this.#calls > 0) await this.#empty();
    // whoever got an answer just now is about to read it
    if (this.#bodies.size > 0) await new Promise(setImmediate);
    for (const [body, weak] of this.#bodies) {
      const stream = weak.deref();
      // Node's own test of a web stream too, whatever its types say
      if (stream?.locked || Reflect.apply(Readable.isDisturbed, undefined, [stream])) body.close();
      else body.fail(closedUnread(body.authority));
    }
    while (this.#bodies.size > 0) await this.#empty();
  }

  #empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }
}
