import { readFile, writeFile } from "node:fs/promises";
import type { Section } from "./section.js";

const BEGIN = "<!-- figures: written by `pnpm bench --markdown` -->";
const END = "<!-- end of figures -->";

/** The report as it stands in a README. */
export function markdownReport(heading: string, sections: readonly Section[]): string {
  const verdicts = sections.flatMap((section) => section.verdicts);
  const targets = table(
    ["Target", "Found", "Met"],
    verdicts.map(({ target, found, met }) => [target, found, met ? "yes" : "**no**"]),
  );
  const parts = sections.map(({ title, about, columns, rows }) => `### ${title}\n\n${about}\n\n${table(columns, rows)}`);
  return [heading, `### Targets\n\n${targets}`, ...parts].join("\n\n");
}

/**
 * Puts a report between the markers of a file.
 *
 * @throws {Error} when the markers are not there
 */
export async function writeBetweenMarkers(file: URL, report: string): Promise<void> {
  const text = await readFile(file, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${file.pathname} has no place for figures between "${BEGIN}" and "${END}".`);
  await writeFile(file, `${text.slice(0, begin + BEGIN.length)}\n\n${report}\n\n${text.slice(end)}`);
}

/** With cells of one width, as the formatter wants it. */
function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) => Math.max(3, column.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const pad = (cell: string, index: number) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0));
  const rule = widths.map((width, index) => (index === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [columns.map(pad), rule, ...rows.map((row) => row.map(pad))].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
