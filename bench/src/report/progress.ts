/** Where lines cannot be replaced, so much time passes between two of them. */
const LINE_EVERY_MS = 5000;

/** Tells on standard error what is being measured, so that standard output holds the report alone. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #live: boolean;
  #saidMs = 0;

  constructor(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env) {
    this.#out = out;
    this.#live = out.isTTY === true && env["TERM"] !== "dumb";
  }

  /** Something new begins. */
  begin(what: string): void {
    this.#saidMs = performance.now();
    this.#out.write(this.#live ? `\r\u001b[K… ${what}` : `… ${what}\n`);
  }

  /** What begins goes on for some rounds. */
  rounds(what: string): (done: number, all: number) => void {
    this.begin(what);
    return (done, all) => {
      if (this.#live || performance.now() - this.#saidMs > LINE_EVERY_MS) this.begin(`${what}: round ${done + 1} of ${all}`);
    };
  }

  /** Nothing more will come. */
  end(): void {
    if (this.#live) this.#out.write("\r\u001b[K");
  }
}
