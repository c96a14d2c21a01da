import { Conversation } from "../measure/child-process.js";
import type { Surroundings } from "../surroundings.js";
import { assertMeasured, type Measured, type Measurement, type Task } from "./task.js";

/** Calls at once of those that fill a cache: the emulator answers them without a queue. */
const FILL_AT_ONCE = 20;

/** One contender in a process of its own, ready to be measured. */
export class ContenderProcess implements AsyncDisposable {
  readonly #process: Conversation;

  private constructor(conversation: Conversation) {
    this.#process = conversation;
  }

  /** @param file the contender's module in this folder, such as `acquire-core.js` */
  static async start(file: string, surroundings: Surroundings): Promise<ContenderProcess> {
    const contender = new ContenderProcess(new Conversation(new URL("main.js", import.meta.url), [new URL(file, import.meta.url).href]));
    await contender.#ask({ task: "prepare", surroundings });
    return contender;
  }

  /** Makes one call for each index, all at once. */
  async burst(indices: readonly number[]): Promise<void> {
    await this.#ask({ task: "burst", indices });
  }

  /** Makes one call for each index below `entries`, a few at once. */
  async fill(entries: number): Promise<void> {
    for (let first = 0; first < entries; first += FILL_AT_ONCE) {
      await this.burst(Array.from({ length: Math.min(FILL_AT_ONCE, entries - first) }, (_, offset) => first + offset));
    }
  }

  async measure(measurement: Measurement): Promise<Measured> {
    const answer = await this.#ask({ task: "measure", measurement });
    assertMeasured(answer);
    return answer;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }

  #ask(task: Task): Promise<unknown> {
    return this.#process.ask(task);
  }
}
