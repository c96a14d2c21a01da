import type { Node } from "web-tree-sitter";
import { literalText, meaningful, nodesOf, parseBicep } from "./bicep-parser.js";

/** A decorator, such as `@minLength(1)`. */
export interface Decorator {
  readonly name: string;
  readonly arguments: readonly Node[];
}

/** A name that a file declares, at the node where it does. */
export interface Declaration {
  readonly name: string;
  readonly node: Node;
  readonly decorators: readonly Decorator[];
}

export interface Parameter extends Declaration {
  readonly type: Node;
  readonly default: Node | undefined;
}

export interface Variable extends Declaration {
  readonly value: Node;
}

export interface Output extends Declaration {
  readonly type: Node;
  readonly value: Node;
}

/** A resource or module: what it is made of, and whether in a loop or on a condition. */
export interface Deployed extends Declaration {
  /** `Microsoft.KeyVault/vaults@2024-11-01`, or the path of a module's file. */
  readonly reference: string;
  readonly body: Node;
  readonly existing: boolean;
  readonly isLoop: boolean;
  readonly isConditional: boolean;
}

/** What a Bicep file declares. */
export interface BicepFile {
  /** Relative to the folder that is checked, with slashes. */
  readonly path: string;
  readonly root: Node;
  /** `resourceGroup` where the file says nothing. */
  readonly targetScope: string;
  readonly parameters: readonly Parameter[];
  readonly variables: readonly Variable[];
  readonly outputs: readonly Output[];
  readonly resources: readonly Deployed[];
  readonly modules: readonly Deployed[];
}

/** Reads a file's declarations. A file with syntax errors has those that could be parsed. */
export async function readBicepFile(path: string, text: string): Promise<BicepFile> {
  const root = await parseBicep(text);
  const parameters: Parameter[] = [];
  const variables: Variable[] = [];
  const outputs: Output[] = [];
  const resources: Deployed[] = [];
  const modules: Deployed[] = [];
  let targetScope = "resourceGroup";
  let decorators: Decorator[] = [];
  for (const node of meaningful(root)) {
    const children = meaningful(node);
    const [first, second, third] = children;
    const declared = { name: first?.text ?? "", node, decorators };
    if (node.type === "decorators") {
      decorators = children.map(decoratorOf);
      continue;
    }
    decorators = [];
    if (node.type === "target_scope_assignment") targetScope = literalText(first) ?? "";
    else if (node.type === "parameter_declaration" && second) parameters.push({ ...declared, type: second, default: third });
    else if (node.type === "variable_declaration" && second) variables.push({ ...declared, value: second });
    else if (node.type === "output_declaration" && second && third) outputs.push({ ...declared, type: second, value: third });
    else if (node.type === "resource_declaration" && third) resources.push(deployed(declared, second, third));
    else if (node.type === "module_declaration" && third) modules.push(deployed(declared, second, third));
  }
  return { path, root, targetScope, parameters, variables, outputs, resources, modules };
}

/** The properties of an object by name, without those whose name is made at run time. */
export function propertiesOf(object: Node): Map<string, Node> {
  const named = meaningful(object).flatMap((property): [string, Node][] => {
    const [key, value] = meaningful(property);
    if (property.type !== "object_property" || key === undefined || value === undefined) return [];
    const name = key.type === "string" ? literalText(key) : key.text;
    return name === undefined ? [] : [[name, value]];
  });
  return new Map(named);
}

function decoratorOf(node: Node): Decorator {
  const call = meaningful(node)[0];
  const parts = call ? meaningful(call) : [];
  return { name: parts[0]?.text ?? "", arguments: parts[1] ? meaningful(parts[1]) : [] };
}

function deployed(declaration: Declaration, reference: Node | undefined, what: Node): Deployed {
  const inLoop = what.type === "for_statement" ? (what.childForFieldName("body") ?? what) : what;
  const body = inLoop.type === "if_statement" ? (meaningful(inLoop)[1] ?? inLoop) : inLoop;
  return {
    ...declaration,
    reference: literalText(reference) ?? "",
    body,
    existing: declaration.node.children.some(({ type }) => type === "existing"),
    isLoop: what.type === "for_statement",
    isConditional: inLoop.type === "if_statement",
  };
}

/** The names that loops and lambdas around a node bring in. */
export function localsAt(node: Node): Set<string> {
  const locals = new Set<string>();
  for (let at = node.parent; at !== null; at = at.parent) {
    if (at.type === "for_statement") {
      const [header] = meaningful(at);
      const names = header?.type === "for_loop_parameters" ? meaningful(header) : [header];
      for (const name of names) if (name) locals.add(name.text);
    }
    if (at.type === "lambda_expression") {
      for (const inner of nodesOf(meaningful(at)[0] ?? at)) if (inner.type === "identifier") locals.add(inner.text);
    }
  }
  return locals;
}
