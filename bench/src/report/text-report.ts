import type { Section, Verdict } from "./section.js";

/** The report for a terminal. */
export function textReport(heading: string, sections: readonly Section[]): string {
  const verdicts = sections.flatMap((section) => section.verdicts);
  return `${[heading, ...sections.map(textSection), `Targets\n${verdicts.map(textVerdict).join("\n")}`].join("\n\n")}\n`;
}

function textSection({ title, about, columns, rows }: Section): string {
  const lines = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const table = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("   ")
      .trimEnd(),
  );
  return [title, about, "", ...table].join("\n");
}

function textVerdict({ target, found, met }: Verdict): string {
  return `  ${met ? "met     " : "NOT met "} ${target}: ${found}`;
}
