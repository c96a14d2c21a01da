import { VARIABLES, type VariableKey, variable } from "./environment-contract.js";
import { HookError } from "./hook-error.js";
import { runProgram } from "./run-program.js";

const AZD_TIMEOUT_MS = 60_000;

/** What a user does about a variable that is missing. */
const ADVICE = {
  azd: (name: string) => `Set it with \`azd env set ${name} <value>\`, or run \`azd up\`, which asks for it.`,
  setting: (name: string) => `Set it with \`azd env set ${name} <value>\`.`,
  hook: () => "Run `azd hooks run preprovision`, which writes it.",
  output: () => "Run `azd provision`; infra/main.bicep has it as an output.",
} as const;

/** The azd environment, which azd gives a hook as environment variables. */
export class AzdEnvironment {
  readonly #values: Record<string, string | undefined>;
  readonly #signal: AbortSignal;

  /** @param values such as `process.env` */
  constructor(values: Readonly<Record<string, string | undefined>>, signal: AbortSignal) {
    this.#values = { ...values };
    this.#signal = signal;
  }

  /**
   * A variable, or its default.
   *
   * @throws {HookError} for a value that is none of the allowed ones
   */
  get(key: VariableKey): string | undefined {
    const { name, allowed, default: preset } = variable(key);
    const value = this.#values[name]?.trim() || preset;
    if (value !== undefined && allowed && !allowed.includes(value)) {
      throw new HookError(`${name} is "${value}".`, `Set it to ${allowed.join(" or ")}: \`azd env set ${name} ${allowed[0]}\`.`);
    }
    return value;
  }

  /** A variable that must be there. @throws {HookError} which says where it comes from */
  require(key: VariableKey): string {
    const value = this.get(key);
    if (value !== undefined) return value;
    const { name, from, meaning } = variable(key);
    throw new HookError(`${name} is missing from the azd environment. ${meaning}`, ADVICE[from](name));
  }

  /** Keeps a variable in the azd environment; nothing is called where it is the same already. */
  async set(key: VariableKey, value: string): Promise<void> {
    const { name } = variable(key);
    if (this.#values[name] === value) return;
    const environment = this.require("environmentName");
    await runProgram("azd", ["env", "set", name, value, "--environment", environment, "--no-prompt"], {
      signal: this.#signal,
      timeoutMs: AZD_TIMEOUT_MS,
    });
    this.#values[name] = value;
  }

  /** Whether the user has set a variable to something. */
  has(key: VariableKey): boolean {
    return Boolean(this.#values[VARIABLES[key].name]?.trim());
  }
}
