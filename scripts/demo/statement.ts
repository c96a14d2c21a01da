import { isDeepStrictEqual } from "node:util";

/** A statement of the demo that the facts do not bear out. */
export class UntrueStatement extends Error {
  override readonly name = "UntrueStatement";
}

/**
 * Holds a statement against what was found.
 *
 * @throws {UntrueStatement} which names both
 */
export function assertTrue(statement: string, found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw new UntrueStatement(`Not true: ${statement}. Expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}.`);
}
