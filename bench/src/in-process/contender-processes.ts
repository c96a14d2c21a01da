import type { Surroundings } from "../surroundings.js";
import { ContenderProcess } from "./contender-process.js";

/** The processes of several contenders, which run side by side and are measured in turn. */
export class ContenderProcesses<Contender extends { readonly file: string }> implements AsyncDisposable {
  readonly #processes = new Map<Contender, ContenderProcess>();

  static async start<Contender extends { readonly file: string }>(
    contenders: readonly Contender[],
    surroundings: Surroundings,
  ): Promise<ContenderProcesses<Contender>> {
    const processes = new ContenderProcesses<Contender>();
    for (const contender of contenders) processes.#processes.set(contender, await ContenderProcess.start(contender.file, surroundings));
    return processes;
  }

  of(contender: Contender): ContenderProcess {
    const found = this.#processes.get(contender);
    if (!found) throw new Error(`${contender.file} was not started.`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.values()].map((contender) => contender[Symbol.asyncDispose]()));
  }
}
