import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { Language, type Node, Parser } from "web-tree-sitter";

const require = createRequire(import.meta.url);

let parser: Promise<Parser> | undefined;

/**
 * Parses Bicep with tree-sitter's grammar. What cannot be parsed is in the tree as `ERROR` and missing nodes.
 *
 * @param text the content of a `.bicep` file
 * @returns the root of the tree
 */
export async function parseBicep(text: string): Promise<Node> {
  parser ??= loadParser();
  const tree = (await parser).parse(text);
  if (tree === null) throw new Error("The parser of Bicep gave up without a tree.");
  return tree.rootNode;
}

async function loadParser(): Promise<Parser> {
  await Parser.init();
  const grammar = require.resolve("tree-sitter-bicep/tree-sitter-bicep.wasm");
  return new Parser().setLanguage(await Language.load(await readFile(grammar)));
}

/** Every node of a tree, parents before children. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children) yield* nodesOf(child);
}

/** The children that mean something: neither punctuation nor comments. */
export function meaningful(node: Node): Node[] {
  return node.namedChildren.filter(({ type }) => type !== "comment" && type !== "diagnostic_comment");
}

/** A string without interpolation, `undefined` for any other expression. */
export function literalText(node: Node | undefined): string | undefined {
  if (node?.type !== "string" || node.namedChildren.some(({ type }) => type === "interpolation")) return undefined;
  return node.text.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}
