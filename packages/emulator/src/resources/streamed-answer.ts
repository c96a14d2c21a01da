import type { ServerResponse } from "node:http";

/** An answer that a test writes piece by piece. */
export interface StreamedAnswer {
  /** Resolves when a request for it has come and its head is written. */
  readonly opened: Promise<void>;
  /** Resolves when the connection under it is gone or the answer is complete. */
  readonly closed: Promise<void>;
  /** Sends one chunk, after the head. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Completes the body. */
  end(): Promise<void>;
  /** Cuts the connection in the middle of the body. */
  cut(): Promise<void>;
}

interface Slot {
  readonly answer: StreamedAnswer;
  readonly open: (response: ServerResponse) => void;
}

/** Streamed answers by name; test and request may come in either order. */
export class StreamedAnswers {
  readonly #slots = new Map<string, Slot>();

  /** The answer that the request of this name gets. */
  get(name: string): StreamedAnswer {
    return this.#slot(name).answer;
  }

  /** Hands in the response to write to. */
  open(name: string, response: ServerResponse): void {
    this.#slot(name).open(response);
  }

  #slot(name: string): Slot {
    let slot = this.#slots.get(name);
    if (!slot) {
      slot = newSlot();
      this.#slots.set(name, slot);
    }
    return slot;
  }
}

function newSlot(): Slot {
  let open: Slot["open"] = () => undefined;
  const response = new Promise<ServerResponse>((resolve) => {
    open = resolve;
  });
  const answer: StreamedAnswer = {
    opened: response.then(() => undefined),
    closed: response.then((given) => new Promise((resolve) => (given.closed ? resolve() : given.once("close", resolve)))),
    write: async (chunk) => {
      const given = await response;
      await new Promise<void>((resolve, reject) => given.write(chunk, (error) => (error ? reject(error) : resolve())));
    },
    end: async () => {
      const given = await response;
      await new Promise<void>((resolve) => given.end(resolve));
    },
    cut: async () => {
      (await response).destroy();
    },
  };
  return { answer, open };
}
