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

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const alignment = columns.map((_, column) => (column === 0 ? "---" : "---:"));
  return [columns, alignment, ...rows].map(line).join("\n");
}
