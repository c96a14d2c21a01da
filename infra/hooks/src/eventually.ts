import { setTimeout as wait } from "node:timers/promises";
import type { HookContext } from "./hook-context.js";
import { HookError } from "./hook-error.js";

/** What is waited for, and how long. */
export interface Wait {
  /** In words that follow "Waiting for". */
  readonly what: string;
  /** Looks before it is given up. */
  readonly tries: number;
  /** What to do when it was in vain. */
  readonly help: string;
}

/** Every how many looks the user is told that it goes on. */
const TOLD_EVERY = 3;

/**
 * Looks again and again until there is something.
 *
 * @param look `undefined` for not yet
 * @throws {HookError} after `tries` looks; what `look` throws ends it at once
 */
export async function eventually<T>(
  { pace, say, signal }: HookContext,
  { what, tries, help }: Wait,
  look: () => Promise<T | undefined>,
): Promise<T> {
  for (let turn = 1; ; turn++) {
    const found = await look();
    if (found !== undefined) return found;
    if (turn >= tries) {
      const seconds = Math.round(((tries - 1) * pace.pollMs) / 1000);
      throw new HookError(`Waited ${seconds} seconds for ${what}, in vain.`, help);
    }
    if (turn % TOLD_EVERY === 1) say(`  Waiting for ${what} …`);
    await wait(pace.pollMs, undefined, { signal });
  }
}
