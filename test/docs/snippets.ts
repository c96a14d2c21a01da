import { DOCUMENTS, type PackageName, sourceFiles } from "./documents.js";
import { codeBlocks } from "./markdown.js";

/** A piece of TypeScript that a reader is shown, compiled as a module of its own. */
export interface Snippet {
  /** Where it stands, from the root. */
  readonly path: string;
  /** The line there that it begins on, from 1. */
  readonly line: number;
  readonly code: string;
  /** Of an `@example`, the package that it belongs to. */
  readonly packageName: string | undefined;
}

/** The snippets of every document. */
export function documentSnippets(): Snippet[] {
  return DOCUMENTS.flatMap(({ path, text }) => typescript(text).map((block) => ({ ...block, path, packageName: undefined })));
}

/** The `@example`s of a package's sources. */
export function exampleSnippets(packageName: PackageName): Snippet[] {
  return sourceFiles(packageName).flatMap(({ path, text }) =>
    typescript(commentsOf(text)).map((block) => ({ ...block, path, packageName: `@mtls-pop/${packageName}` })),
  );
}

function typescript(text: string): { line: number; code: string }[] {
  return codeBlocks(text).flatMap(({ language, code, line }) => (language === "ts" ? [{ line, code }] : []));
}

/** A source with the stars of its comments taken away and all else blank, so that lines keep their numbers. */
function commentsOf(source: string): string {
  return source
    .split("\n")
    .map((line) => /^\s*\*(?: (.*))?$/.exec(line)?.[1] ?? "")
    .join("\n");
}
