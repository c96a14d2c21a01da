/** After this many milliseconds a step that still runs says so, and again after each further one. */
const PROGRESS_MS = 1000;

const SGR = { bold: [1, 22], dim: [2, 22], green: [32, 39], red: [31, 39] } as const;

/** Where a narrator writes; `process.stdout` is one. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** What a step came to. */
export interface StepResult<T> {
  /** Stands for the step from now on. */
  readonly line: string;
  /** What was found, by name, below the line. @default none */
  readonly facts?: Readonly<Record<string, string>>;
  readonly value: T;
}

/**
 * Tells what happens, a line a step with the time it took. On a terminal a step that takes long shows itself and is replaced by its
 * result; elsewhere the output is plain text that only grows. `NO_COLOR` is respected.
 */
export class Narrator {
  readonly #out: Sink;
  readonly #isTerminal: boolean;
  readonly #hasColors: boolean;

  constructor(out: Sink, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.#out = out;
    this.#isTerminal = out.isTTY === true && env["TERM"] !== "dumb";
    this.#hasColors = this.#isTerminal && !env["NO_COLOR"];
  }

  /** Any text between steps. */
  say(text: string): void {
    this.#out.write(`${text}\n`);
  }

  /** What the next steps are about. */
  heading(text: string): void {
    this.say(`\n${this.#style("bold", text)}`);
  }

  /** Something that is so, with what was found. */
  tell(line: string, facts: Readonly<Record<string, string>>): void {
    this.say(`${this.#style("green", "✓")} ${line}`);
    this.#facts(facts);
  }

  /** The last word: whether all went well. */
  verdict(good: boolean, text: string): void {
    this.say(`\n${this.#style(good ? "green" : "red", text)}`);
  }

  /** Runs a step and tells its outcome; a failure is told and thrown on. */
  async step<T>(doing: string, run: () => Promise<StepResult<T>>): Promise<T> {
    const startedMs = performance.now();
    const ticker = setInterval(() => this.#progress(doing, performance.now() - startedMs), PROGRESS_MS);
    try {
      const { line, facts = {}, value } = await run();
      this.#outcome(this.#style("green", "✓"), line, performance.now() - startedMs);
      this.#facts(facts);
      return value;
    } catch (error) {
      this.#outcome(this.#style("red", "✗"), doing, performance.now() - startedMs);
      throw error;
    } finally {
      clearInterval(ticker);
    }
  }

  #facts(facts: Readonly<Record<string, string>>): void {
    const width = Math.max(0, ...Object.keys(facts).map((name) => name.length));
    for (const [name, fact] of Object.entries(facts)) this.say(`    ${this.#style("dim", name.padEnd(width))}  ${fact}`);
  }

  #progress(doing: string, elapsedMs: number): void {
    const text = `… ${doing} (${Math.round(elapsedMs / 1000)} s)`;
    // a line that wraps could not be replaced
    this.#out.write(this.#isTerminal ? `\r\u001b[K${text.slice(0, (this.#out.columns ?? 80) - 1)}` : `${text}\n`);
  }

  #outcome(mark: string, line: string, elapsedMs: number): void {
    const time = this.#style("dim", `(${elapsedMs.toFixed(0)} ms)`);
    this.#out.write(`${this.#isTerminal ? "\r\u001b[K" : ""}${mark} ${line} ${time}\n`);
  }

  #style(format: keyof typeof SGR, text: string): string {
    const [on, off] = SGR[format];
    return this.#hasColors ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}
