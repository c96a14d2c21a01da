/**
 * Refuses an option that a caller without types has misspelt.
 *
 * @param where the function that was called
 * @param within the option that `options` is the value of, such as `keyVault`
 * @throws {TypeError} which names the unknown option and the known ones
 */
export function assertKnownOptions(where: string, options: object, known: readonly string[], within?: string): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const prefix = within === undefined ? "" : `${within}.`;
  const list = known.map((name) => `${prefix}${name}`).join(", ");
  throw new TypeError(`${where}: \`${prefix}${unknown}\` is not an option. Known: ${list}.`);
}
