import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { inject } from "vitest";
import type { Asked } from "./wire-row.js";

/** Both in PEM. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A call to a resource with the token, in GET, or in PUT with a body. */
export interface Call {
  readonly url: string;
  readonly maxTls: "1.2" | "1.3";
  /** Of the Authorization header. @default MSAL's own */
  readonly scheme?: "pop" | "mtls_pop" | "Bearer";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What the connection has to show. @default "binding" */
  readonly shows?: "binding" | "none" | "another";
  readonly another?: CertificateAndKey;
}

/** What is to be asked of the emulator, and what to do with the token. */
export interface Question {
  readonly root: string;
  readonly tokenPort: number;
  readonly credential: CertificateAndKey;
  readonly clientId: string;
  readonly leg1ClientId: string;
  readonly correlationId: string;
  readonly asked: Asked;
  readonly calls: readonly Call[];
}

/** What came of it. */
export interface Answer {
  readonly token: {
    readonly tokenType?: string;
    readonly authorizationScheme?: string;
    readonly tokenSource?: string;
    /** SHA-256, upper-case hex. */
    readonly bindingCertificate?: string;
    readonly kind?: string;
    readonly code?: string;
    readonly status?: number;
    readonly message?: string;
  };
  readonly calls: readonly { readonly status?: number; readonly body?: string; readonly error?: string }[];
}

/** The program on MSAL.NET, one question at a time. */
export class MsalNet {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #complaint = "";

  private constructor(program: string) {
    this.#process = spawn("dotnet", [program]);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint += text;
    });
  }

  /** @throws {Error} when it could not be built, which says why */
  static start(): MsalNet {
    const built = inject("msalNet");
    if ("missing" in built) throw new Error(built.missing);
    return new MsalNet(built.program);
  }

  async ask(question: Question): Promise<Answer> {
    this.#process.stdin.write(`${JSON.stringify(question)}\n`);
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`The program on MSAL.NET ended without an answer.\n${this.#complaint}`);
    const answer: unknown = JSON.parse(value);
    assertAnswer(answer);
    return answer;
  }

  /** Ends the program by ending its input. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.stdin.end();
    await ended;
  }
}

function assertAnswer(value: unknown): asserts value is Answer {
  const wellFormed = typeof value === "object" && value !== null && "token" in value && "calls" in value && Array.isArray(value.calls);
  if (!wellFormed) throw new TypeError("The program on MSAL.NET answered something else than `token` and `calls`.");
}
