import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { cleanEnvironment } from "./clean-environment.js";

/** A process of the bench that answers one message at a time. */
export class Conversation implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #name: string;

  /** @param program a module of the bench */
  constructor(program: URL, args: readonly string[] = []) {
    this.#name = [program.pathname.split("/").at(-1), ...args.map((arg) => arg.split("/").at(-1))].join(" ");
    this.#process = fork(fileURLToPath(program), args, { env: cleanEnvironment(), execArgv: [] });
  }

  /** Waits for the next message. */
  async receive(): Promise<unknown> {
    const stop = new AbortController();
    const ended = once(this.#process, "exit", stop).then(([code]) => {
      throw new Error(`${this.#name} ended with code ${code} in the middle of a measurement.`);
    });
    try {
      const [message] = await Promise.race([once(this.#process, "message", stop), ended]);
      return message;
    } finally {
      stop.abort();
      ended.catch(() => undefined);
    }
  }

  /** Sends a message and waits for the answer. */
  ask(message: object): Promise<unknown> {
    const answer = this.receive();
    this.#process.send(message);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.disconnect();
    await exited;
  }
}
