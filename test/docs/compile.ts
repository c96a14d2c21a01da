import { posix } from "node:path";
import ts from "typescript";
import { ROOT } from "./documents.js";
import type { Snippet } from "./snippets.js";

/** The reader's own values, which a snippet may use without declaring them. */
const READERS_OWN = `
declare const clientId: string;
declare const tenantId: string;
declare const passphrase: string;
declare const scopes: string[];
declare const accessToken: string;
declare const certificate: import("@mtls-pop/core").BindingCertificate;
declare const application: import("@mtls-pop/core").ConfidentialClientApplication;
declare const result: import("@mtls-pop/core").AuthenticationResult;
declare const emulator: import("@mtls-pop/emulator").Emulator;
declare function scheduleRetry(afterSeconds: number): void;
declare const readFile: typeof import("node:fs/promises").readFile;
declare const app: typeof import("@azure/functions").app;
`;

/** Names that can be imported from a module, each with how it is written in an import. */
interface Imports {
  readonly from: string;
  readonly names: ReadonlyMap<string, string>;
}

/** A fault of a snippet, with the place in the document. */
export type Fault = `${string}:${number} ${string}`;

/**
 * Compiles snippets against the packages' sources, under the options of the tests. Each is a module of its own. An `@example` need not
 * import what its package exports; a document's snippet may use what earlier ones of the same document imported and declared.
 *
 * @returns a fault a line, none when all is well
 */
export function compile(snippets: readonly Snippet[]): Fault[] {
  const options = compilerOptions();
  const exported = exportsOf([...new Set(snippets.flatMap(({ packageName }) => packageName ?? []))], options);
  const modules = new Map<string, { snippet: Snippet; text: string }>();
  for (const [index, snippet] of snippets.entries()) {
    const earlier = snippets.slice(0, index).filter(({ path }) => path === snippet.path);
    const available = snippet.packageName
      ? exported.filter(({ from }) => from === snippet.packageName)
      : earlier.reverse().flatMap((one) => [declarationsOf(one), ...importsOf(one)]);
    const shared = `export { ${[...declarationsOf(snippet).names.values()].join(", ")} };`;
    const file = `${ROOT}${posix.join(posix.dirname(snippet.path), moduleName(snippet))}.ts`;
    modules.set(file, { snippet, text: `${snippet.code}\n${shared}\n${leftOut(snippet, available)}` });
  }
  const prelude = `${ROOT}test/docs/readers-own.d.ts`;
  const program = createProgram(
    new Map([[prelude, READERS_OWN], ...Array.from(modules, ([file, { text }]) => [file, text] as const)]),
    options,
  );
  return Array.from(modules).flatMap(([file, { snippet }]) => {
    const source = program.getSourceFile(file);
    if (!source) throw new Error(`${file} was not compiled.`);
    const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return diagnostics.map(({ start, messageText }): Fault => {
      const { line } = source.getLineAndCharacterOfPosition(start ?? 0);
      return `${snippet.path}:${snippet.line + line} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
  });
}

function moduleName({ path, line }: Snippet): string {
  return `snippet-at-line-${line}-of-${posix.basename(path)}`;
}

/** The names of the properties that a package's option types have, sorted, by type. */
export function optionNames(packageName: string, types: readonly string[]): Map<string, string[]> {
  const { checker, symbols } = exportedSymbols([packageName], compilerOptions());
  const exported = symbols.get(packageName) ?? [];
  return new Map(
    types.map((type) => {
      const symbol = exported.find(({ name }) => name === type);
      if (!symbol) throw new Error(`${packageName} exports no ${type}.`);
      const declared = checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol));
      const parts = declared.isUnion() ? declared.types : [declared];
      return [type, [...new Set(parts.flatMap((part) => part.getProperties().map(({ name }) => name)))].sort()];
    }),
  );
}

function compilerOptions(): ts.CompilerOptions {
  const path = `${ROOT}tsconfig.test.json`;
  const parsed = ts.parseJsonConfigFileContent(ts.readConfigFile(path, ts.sys.readFile).config, ts.sys, ROOT);
  // the root has no dependency on it
  const functions = [`${ROOT}packages/functions-adapter/node_modules/@azure/functions/types/index.d.ts`];
  return { ...parsed.options, paths: { ...parsed.options.paths, "@azure/functions": functions } };
}

function createProgram(texts: ReadonlyMap<string, string>, options: ts.CompilerOptions): ts.Program {
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (file, languageOptions, ...rest) => {
    const text = texts.get(file);
    return text === undefined ? getSourceFile(file, languageOptions, ...rest) : ts.createSourceFile(file, text, languageOptions, true);
  };
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  return ts.createProgram([...texts.keys()], options, host);
}

/** What the packages export, each with how it is written in an import. */
function exportsOf(packages: readonly string[], options: ts.CompilerOptions): Imports[] {
  const { checker, symbols } = exportedSymbols(packages, options);
  return Array.from(symbols, ([from, exported]) => {
    const names = exported.map((one) => {
      const target = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one;
      return [one.name, target.flags & ts.SymbolFlags.Value ? one.name : `type ${one.name}`] as const;
    });
    return { from, names: new Map(names) };
  });
}

function exportedSymbols(
  packages: readonly string[],
  options: ts.CompilerOptions,
): { checker: ts.TypeChecker; symbols: Map<string, ts.Symbol[]> } {
  const file = `${ROOT}test/docs/exports.ts`;
  const program = createProgram(new Map([[file, packages.map((name) => `import "${name}";`).join("\n")]]), options);
  const checker = program.getTypeChecker();
  const declarations = program.getSourceFile(file)?.statements.filter(ts.isImportDeclaration) ?? [];
  const symbols = declarations.map(({ moduleSpecifier }, index) => {
    const module = checker.getSymbolAtLocation(moduleSpecifier);
    return [packages[index] ?? "", module ? checker.getExportsOfModule(module) : []] as const;
  });
  return { checker, symbols: new Map(symbols) };
}

/** What a snippet declares for those after it. */
function declarationsOf(snippet: Snippet): Imports {
  const names = new Map<string, string>();
  for (const statement of statementsOf(snippet)) {
    const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
    if (isType) names.set(statement.name.text, `type ${statement.name.text}`);
    if (ts.isFunctionDeclaration(statement) && statement.name) names.set(statement.name.text, statement.name.text);
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name } of statement.declarationList.declarations) if (ts.isIdentifier(name)) names.set(name.text, name.text);
  }
  return { from: `./${moduleName(snippet)}.js`, names };
}

function statementsOf({ code }: Snippet): ts.Statement[] {
  return [...ts.createSourceFile("snippet.ts", code, ts.ScriptTarget.ES2023, true).statements];
}

/** What a snippet imports by name. */
function importsOf(snippet: Snippet): Imports[] {
  return statementsOf(snippet)
    .filter(ts.isImportDeclaration)
    .map(({ moduleSpecifier, importClause }) => {
      const named = importClause?.namedBindings;
      const elements = named && ts.isNamedImports(named) ? named.elements : [];
      const from = ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : "";
      return { from, names: new Map(elements.map((element) => [element.name.text, element.getText()])) };
    });
}

/** Imports of what a snippet uses and may leave out; they stand last, so that lines keep their numbers. */
function leftOut(snippet: Snippet, available: readonly Imports[]): string {
  const words = new Set(snippet.code.match(/[A-Za-z_$][\w$]*/g));
  const own = [declarationsOf(snippet), ...importsOf(snippet)];
  const taken = new Set(own.flatMap(({ names }) => [...names.keys()]));
  const lines = available.map(({ from, names }) => {
    const used = [...names].filter(([name]) => words.has(name) && !taken.has(name));
    for (const [name] of used) taken.add(name);
    return `import { ${used.map(([, specifier]) => specifier).join(", ")} } from "${from}";`;
  });
  return lines.join("\n");
}
