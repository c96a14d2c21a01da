/**
 * Puts app settings into `process.env`, where an app finds them in Azure too.
 *
 * @param settings `undefined` takes a variable away
 * @returns puts everything back as it was
 */
export function applySettings(settings: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.keys(settings).map((name) => [name, process.env[name]] as const);
  assign(Object.entries(settings));
  return () => assign(before);
}

function assign(entries: readonly (readonly [string, string | undefined])[]): void {
  for (const [name, value] of entries) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
