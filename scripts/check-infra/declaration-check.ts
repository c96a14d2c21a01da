import type { Node } from "web-tree-sitter";
import { type BicepFile, localsAt } from "./bicep-file.js";
import { literalText, meaningful, nodesOf } from "./bicep-parser.js";
import { type FileScope, parameterType, typeOf } from "./file-scope.js";
import { DECORATORS, FUNCTIONS } from "./functions.js";
import { FileProblems, type Problem } from "./problem.js";
import { checkValue } from "./value-check.js";

/** What cannot be parsed. Where there is any, the other checks see a part of the file only. */
export function checkSyntax({ path, root }: BicepFile): Problem[] {
  const problems = new FileProblems(path);
  for (const node of nodesOf(root)) {
    if (node.isMissing) problems.add(node, `Here ${node.type} is missing.`);
    else if (node.isError) problems.add(node, `This is no Bicep that the grammar knows: ${node.text.split("\n")[0]}`);
  }
  return problems.found;
}

/** Names: each is declared once and used, each that is used is declared, and each parameter, variable and output says what it is. */
export function checkDeclarations(scope: FileScope): Problem[] {
  const { file } = scope;
  const problems = new FileProblems(file.path);
  const references = referencesIn(file.root);
  const used = new Set(references.map((node) => node.text));
  const existing = file.resources.filter((resource) => resource.existing);
  for (const { name, node } of [...file.parameters, ...file.variables, ...existing]) {
    if (!used.has(name)) problems.add(node, `\`${name}\` is never used.`);
  }
  const declared = new Set<string>();
  for (const { name, node } of [...file.parameters, ...file.variables, ...file.resources, ...file.modules]) {
    if (declared.has(name)) problems.add(node, `\`${name}\` is declared twice.`);
    declared.add(name);
  }
  for (const node of references) {
    if (!declared.has(node.text) && !localsAt(node).has(node.text)) problems.add(node, `\`${node.text}\` is not declared.`);
  }
  checkDecorators(file, problems);
  checkFunctions(file, problems);
  checkMembers(scope, problems);
  for (const parameter of file.parameters) {
    if (parameter.default)
      checkValue(parameter.default, parameterType(parameter), `the default of \`${parameter.name}\``, { scope, problems });
  }
  return problems.found;
}

/** Identifiers that stand for something declared: neither keys, types, functions nor the names of declarations. */
function referencesIn(root: Node): Node[] {
  const found: Node[] = [];
  const visit = (node: Node): void => {
    const children = meaningful(node);
    const skipped = new Set<number>();
    if (node.type.endsWith("_declaration") && children[0]) skipped.add(children[0].id);
    if (node.type === "object_property" && children[0]?.type !== "string" && children[0]) skipped.add(children[0].id);
    if (node.type === "for_statement" && children[0]) skipped.add(children[0].id);
    const called = node.childForFieldName("function");
    if (called) skipped.add(called.id);
    if (node.type === "type") return;
    if (node.type === "identifier") found.push(node);
    for (const child of children) if (!skipped.has(child.id)) visit(child);
  };
  visit(root);
  return found;
}

function checkDecorators(file: BicepFile, problems: FileProblems): void {
  const declarations = [...file.parameters, ...file.variables, ...file.outputs, ...file.resources, ...file.modules];
  for (const { node, decorators } of declarations) {
    for (const { name } of decorators) if (!DECORATORS.has(name)) problems.add(node, `There is no decorator \`@${name}\`.`);
  }
  for (const { name, node, decorators } of [...file.parameters, ...file.variables, ...file.outputs]) {
    const description = literalText(decorators.find((decorator) => decorator.name === "description")?.arguments[0]);
    if (!description?.trim()) problems.add(node, `\`${name}\` has no @description.`);
  }
}

function checkFunctions(file: BicepFile, problems: FileProblems): void {
  for (const node of nodesOf(file.root)) {
    if (node.type !== "call_expression" || node.parent?.type === "decorator") continue;
    const called = node.childForFieldName("function");
    if (called?.type === "identifier" && !FUNCTIONS.has(called.text)) {
      problems.add(called, `\`${called.text}\` is no function that this check knows.`);
    }
  }
}

/** What is asked of an object is there: properties of resources, outputs of modules. */
function checkMembers(scope: FileScope, problems: FileProblems): void {
  for (const node of nodesOf(scope.file.root)) {
    if (node.type !== "member_expression") continue;
    const object = node.childForFieldName("object");
    const name = node.childForFieldName("property")?.text ?? "";
    const type = object ? typeOf(object, scope) : undefined;
    if (type?.kind !== "object" || type.additional || type.properties().has(name)) continue;
    problems.add(node, `There is no \`${name}\` in ${type.name} (\`${object?.text}\`).`);
  }
}
