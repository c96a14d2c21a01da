import { MtlsPopError, type MtlsPopErrorCode } from "../errors.js";

/** How one option is checked: what it must be, in words that complete "must be …", and the test for it. */
export interface OptionRule {
  readonly expected: string;
  readonly test: (value: unknown) => boolean;
  readonly required?: boolean;
}

/** Rules that many options share; `{ ...text, required: true }` makes one mandatory. */
export const text: OptionRule = { expected: "a non-empty string", test: (value) => typeof value === "string" && value.trim() !== "" };
export const flag: OptionRule = { expected: "true or false", test: (value) => typeof value === "boolean" };
export const callable: OptionRule = { expected: "a function", test: (value) => typeof value === "function" };
export const textList: OptionRule = {
  expected: "an array of non-empty strings",
  // spread, since `every` passes over holes
  test: (value) => Array.isArray(value) && [...value].every(text.test),
};
export const positive: OptionRule = {
  expected: "a positive number",
  test: (value) => typeof value === "number" && Number.isFinite(value) && value > 0,
};
/** Node runs a longer timer out at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
export const milliseconds: OptionRule = {
  expected: `a positive number of milliseconds, ${MAX_TIMER_MS} at most`,
  test: (value) => positive.test(value) && Number(value) <= MAX_TIMER_MS,
};
export const record: OptionRule = {
  expected: "an object",
  test: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};
/** An environment of which these variables are looked at. */
export function environment(...names: readonly string[]): OptionRule {
  return {
    expected: "an object with the environment's variables as strings",
    test: (value) => record.test(value) && names.every((name) => ["string", "undefined"].includes(typeof Reflect.get(Object(value), name))),
  };
}
export const abortSignal: OptionRule = { expected: "an AbortSignal", test: (value) => value instanceof AbortSignal };

/** No option's name comes near it, in characters. */
const MAX_NAME = 64;

/**
 * Checks an options object against its rules: unknown names, missing ones, wrong values.
 *
 * @param where the function or class that was called, for the message
 * @throws {MtlsPopError} `invalid_options`
 */
export function assertOptions(where: string, options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  const given: Readonly<Record<string, unknown>> = plainCopy(where, options);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(rules, name)) throw unknownOption(where, name, Object.keys(rules));
  }
  for (const [name, { expected, test, required }] of Object.entries(rules)) {
    const value = given[name];
    if (value === undefined) {
      if (required) throw invalid(where, `needs \`${name}\`, ${expected}.`);
    } else if (!test(value)) {
      throw invalid(where, `takes \`${name}\` as ${expected}, but got ${describe(value)}.`);
    }
  }
}

/**
 * The same for a function that takes something beside its options.
 *
 * @param first that argument, under the name that the rules have it by
 * @throws {MtlsPopError} `invalid_options`
 */
export function assertArguments(where: string, first: object, options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  assertOptions(where, record.test(options) ? { ...plainCopy(where, options), ...first } : options, rules);
}

/**
 * The options as they are now: each read once, so that what was checked is what is used.
 *
 * @throws {MtlsPopError} `invalid_options` for what is no object, or when one of them cannot be read
 */
export function plainCopy<T>(where: string, options: T): T & Readonly<Record<string, unknown>> {
  if (!record.test(options)) throw invalid(where, `takes an options object, but got ${describe(options)}.`);
  try {
    return { ...options } as T & Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new MtlsPopError("invalid_options", `${where} got an options object that cannot be read.`, { cause });
  }
}

/** The error for an option that does not exist, with the nearest one that does. */
export function unknownOption(where: string, name: string, known: readonly string[]): MtlsPopError {
  const near = nearest(name, known);
  return invalid(
    where,
    `\`${name.slice(0, MAX_NAME)}\` is not an option${near ? `; did you mean \`${near}\`?` : `. Known: ${known.join(", ")}.`}`,
    ":",
  );
}

/** The known name closest to a mistyped one, or nothing when none is close. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_NAME) return undefined;
  const limit = Math.max(2, Math.floor(name.length / 3));
  const scored = known.map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }));
  return scored.filter((one) => one.distance <= limit).sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

function invalid(where: string, rest: string, separator = "", code: MtlsPopErrorCode = "invalid_options"): MtlsPopError {
  return new MtlsPopError(code, `${where}${separator} ${rest}`);
}

/** Names the kind of a value and never its content: it may be a secret that was put in the wrong place. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (value === "") return "an empty string";
  if (value instanceof Promise) return "a Promise, which is to be awaited first";
  return typeof value === "object" ? "an object" : typeof value === "undefined" ? "nothing" : `a ${typeof value}`;
}

/** Levenshtein's distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
