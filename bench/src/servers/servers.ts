import { Conversation } from "../measure/child-process.js";
import type { Surroundings } from "../surroundings.js";

/** The servers that everything is measured against, in a process of their own. */
export class Servers implements AsyncDisposable {
  readonly surroundings: Surroundings;
  readonly #process: Conversation;

  private constructor(surroundings: Surroundings, conversation: Conversation) {
    this.surroundings = surroundings;
    this.#process = conversation;
  }

  static async start(): Promise<Servers> {
    const conversation = new Conversation(new URL("main.js", import.meta.url));
    const { surroundings } = (await conversation.receive()) as { surroundings: Surroundings };
    return new Servers(surroundings, conversation);
  }

  /** How many token requests have arrived since this was last asked. */
  async tokenRequests(): Promise<number> {
    const { tokenRequests } = (await this.#process.ask({})) as { tokenRequests: number };
    return tokenRequests;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}
