import type { OutputFormat } from "./arguments.js";

/** Writes an environment so that a shell, `node --env-file` or local.settings.json takes it. */
export function formatEnvironment(environment: object, format: OutputFormat): string {
  if (format === "json") return `${JSON.stringify(environment, undefined, 2)}\n`;
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${quote(String(value))}\n`)
    .join("");
}

/** As it is where nothing in it means something to a shell or a dotenv reader, else in quotes that it does not hold itself. */
function quote(value: string): string {
  if (/^[\w./:@%+,=-]*$/.test(value)) return value;
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}
