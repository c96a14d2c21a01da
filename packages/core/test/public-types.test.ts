import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

const source = fileURLToPath(new URL("../src/", import.meta.url));

/** Exported types of core that a public signature names, and that `index.ts` does not. */
function unnameable(): string[] {
  const program = ts.createProgram([`${source}index.ts`], {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    skipLibCheck: true,
    types: ["node"],
  });
  const checker = program.getTypeChecker();
  const index = program.getSourceFile(`${source}index.ts`);
  const module = index && checker.getSymbolAtLocation(index);
  const original = (symbol: ts.Symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const named = new Set(module ? checker.getExportsOfModule(module).map(original) : []);
  expect(named.size).toBeGreaterThan(0);
  const missing = new Set<string>();
  for (const symbol of named) {
    for (const declaration of symbol.declarations ?? []) {
      visitSignatures(declaration, (type) => {
        const found = checker.getSymbolAtLocation(type);
        if (found && isOfCore(original(found)) && !named.has(original(found))) missing.add(`${original(found).name} in ${symbol.name}`);
      });
    }
  }
  return [...missing];
}

function isOfCore({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some(
    (declaration) =>
      declaration.getSourceFile().fileName.startsWith(source) && (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export) !== 0,
  );
}

/** The names of types outside of bodies and of what is private. */
function visitSignatures(node: ts.Node, visit: (name: ts.Node) => void): void {
  if (ts.isBlock(node) || ts.isPropertyAssignment(node)) return;
  if (ts.isClassElement(node) && node.name && ts.isPrivateIdentifier(node.name)) return;
  if (ts.isTypeReferenceNode(node)) visit(node.typeName);
  if (ts.isExpressionWithTypeArguments(node)) visit(node.expression);
  ts.forEachChild(node, (child) => visitSignatures(child, visit));
}

it("the index names every type that a public signature does", { timeout: 60_000 }, () => {
  expect(unnameable()).toEqual([]);
});
