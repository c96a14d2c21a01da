import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";

const DOCUMENT = fileURLToPath(new URL("../docs/interop.md", import.meta.url));

/**
 * The part of docs/interop.md that a suite answers for, between its two comments. With `--update` it becomes what the run found.
 *
 * @param found what the run found, the same in every run that finds the same
 * @returns what stands there now
 * @throws {Error} when the document has no such part
 */
export function documentSection(name: string, found: string): string {
  const text = readFileSync(DOCUMENT, "utf8");
  const [begin, end] = [`<!-- begin of ${name} -->`, `<!-- end of ${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`docs/interop.md has no ${begin} with an ${end} after it.`);
  if (!inject("updatesDocument")) return text.slice(from + begin.length, to).trim();
  writeFileSync(DOCUMENT, `${text.slice(0, from)}${begin}\n\n${found}\n\n${text.slice(to)}`);
  return found;
}

/** A Markdown table with its columns in line. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => (row[index] ?? "").length)));
  const line = (cells: readonly string[]): string => `| ${widths.map((width, index) => (cells[index] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(columns), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
