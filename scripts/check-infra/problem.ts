import type { Node } from "web-tree-sitter";

/** Something that is wrong, and where. */
export interface Problem {
  /** Relative to the folder that is checked. */
  readonly file: string;
  /** From 1 on; none for a file as a whole. */
  readonly line?: number;
  readonly message: string;
}

/** Collects what is wrong with one file. */
export class FileProblems {
  readonly found: Problem[] = [];
  readonly #file: string;

  /** @param file relative to the folder that is checked */
  constructor(file: string) {
    this.#file = file;
  }

  /** Once only, as what is wrong with a variable is found wherever that is used. */
  add(node: Node, message: string): void {
    const line = node.startPosition.row + 1;
    const isKnown = this.found.some((one) => one.line === line && one.message === message);
    if (!isKnown) this.found.push({ file: this.#file, line, message });
  }
}

/** `infra/main.bicep:12: …`, as editors know it. */
export function formatProblem({ file, line, message }: Problem): string {
  return `${line === undefined ? file : `${file}:${line}`}: ${message}`;
}
