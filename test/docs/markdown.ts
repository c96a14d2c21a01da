/** A fenced block of a document. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** The line in the document that the code begins on, from 1. */
  readonly line: number;
}

/** The fenced blocks of a text, those in lists too. */
export function codeBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const [, indent, language] = /^( *)```(\w+)?/.exec(lines[index] ?? "") ?? [];
    if (indent === undefined) continue;
    const end = lines.indexOf(`${indent}\`\`\``, index + 1);
    if (end < 0) throw new Error(`The block that begins on line ${index + 1} has no end.`);
    const code = lines.slice(index + 1, end).map((line) => line.slice(indent.length));
    blocks.push({ language: language ?? "", code: code.join("\n"), line: index + 2 });
    index = end;
  }
  return blocks;
}

/** A text without its fenced blocks. */
export function prose(text: string): string {
  return text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
}

/** The rows of the tables whose header has these columns, each by column; code marks are left out. */
export function tableRows<const Column extends string>(text: string, columns: readonly Column[]): Record<Column, string>[] {
  const rows: Record<Column, string>[] = [];
  let inside = false;
  for (const line of text.split("\n")) {
    const cells = cellsOf(line);
    if (!cells) inside = false;
    else if (columns.every((column, index) => cells[index] === column) && cells.length === columns.length) inside = true;
    else if (inside && !cells.every((cell) => /^:?-+:?$/.test(cell))) rows.push(rowOf(columns, cells));
  }
  return rows;
}

function cellsOf(line: string): string[] | undefined {
  if (!/^\|.*\|$/.test(line)) return undefined;
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replace(/^`([^`]*)`$/, "$1"));
}

function rowOf<Column extends string>(columns: readonly Column[], cells: readonly string[]): Record<Column, string> {
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ""])) as Record<Column, string>;
}

/** The targets of the links of a text, as they are written. */
export function linkTargets(text: string): string[] {
  return Array.from(prose(text).matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g), ([, target = ""]) => target);
}

/** The anchors that GitHub makes of a text's headings. */
export function anchors(text: string): string[] {
  return Array.from(prose(text).matchAll(/^#{1,6} (.+)$/gm), ([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
