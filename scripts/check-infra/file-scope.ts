import type { Node } from "web-tree-sitter";
import type { BicepFile, Deployed, Parameter } from "./bicep-file.js";
import { literalText, meaningful } from "./bicep-parser.js";
import { FUNCTIONS } from "./functions.js";
import type { ResourceType } from "./resource-schemas.js";
import { ANY, type ObjectType, type Property, type Type } from "./type.js";

/** What the names of one file stand for. */
export interface FileScope {
  readonly file: BicepFile;
  /** By the name of the module; nothing where its file is missing. */
  readonly moduleFiles: ReadonlyMap<string, BicepFile>;
  /** By the name of the resource; nothing where its type has no schema. */
  readonly resourceTypes: ReadonlyMap<string, ResourceType>;
}

const STRING: Type = { kind: "string" };

/**
 * The type of an expression, as far as it follows from declarations, schemas and functions.
 *
 * @returns `any` where it does not
 */
export function typeOf(node: Node, scope: FileScope): Type {
  switch (node.type) {
    case "string": {
      const literal = literalText(node);
      return literal === undefined ? STRING : { kind: "string", values: [literal] };
    }
    case "number":
      return { kind: "int", values: [Number(node.text)] };
    case "boolean":
      return { kind: "bool" };
    case "null":
      return { kind: "null" };
    case "identifier":
      return typeOfName(node, scope);
    case "member_expression":
      return typeOfMember(node, scope);
    case "subscript_expression":
      return itemOf(typeOfField(node, "object", scope));
    case "call_expression":
      return FUNCTIONS.get(node.childForFieldName("function")?.text ?? "") ?? ANY;
    case "parenthesized_expression":
      return typeOf(meaningful(node)[0] ?? node, scope);
    case "ternary_expression":
      return commonType(typeOfField(node, "consequence", scope), typeOfField(node, "alternative", scope));
    case "unary_expression":
      return node.childForFieldName("operator")?.type === "!" ? { kind: "bool" } : { kind: "int" };
    case "binary_expression":
      return typeOfOperation(node.childForFieldName("operator")?.type ?? "");
    case "array":
    case "for_statement":
      return { kind: "array", item: ANY };
    case "object":
      return objectOf(node, scope);
    default:
      return ANY;
  }
}

/** The type of what a parameter is given: its declared one, narrowed by its decorators. */
export function parameterType({ type, decorators }: Parameter): Type {
  const declared = declaredType(type);
  const argument = (name: string) => decorators.find((decorator) => decorator.name === name)?.arguments[0];
  const number = (...names: string[]): number | undefined => {
    const found = names.map(argument).find((node) => node !== undefined);
    return found === undefined ? undefined : Number(found.text);
  };
  const min = number("minLength", "minValue");
  const max = number("maxLength", "maxValue");
  const bounds = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
  const allowed = argument("allowed");
  const values = allowed === undefined ? undefined : meaningful(allowed);
  if (declared.kind === "string")
    return { ...declared, ...bounds, ...(values && { values: values.map((value) => literalText(value) ?? "") }) };
  if (declared.kind === "int") return { ...declared, ...bounds, ...(values && { values: values.map((value) => Number(value.text)) }) };
  return declared;
}

/** The type that a declaration names: a primitive one, or a list of such. */
function declaredType(node: Node): Type {
  const text = node.text.trim();
  if (text.endsWith("[]")) {
    const inner = meaningful(meaningful(node)[0] ?? node)[0];
    return { kind: "array", item: inner ? declaredType(inner) : ANY };
  }
  if (text === "string" || text === "int" || text === "bool") return { kind: text };
  return text === "array" ? { kind: "array", item: ANY } : ANY;
}

function typeOfName(node: Node, scope: FileScope): Type {
  const { file, moduleFiles, resourceTypes } = scope;
  const name = node.text;
  const looped = loopedOver(node, name);
  if (looped) return itemOf(typeOf(looped, scope));
  const parameter = file.parameters.find((one) => one.name === name);
  if (parameter) return parameterType(parameter);
  const variable = file.variables.find((one) => one.name === name);
  if (variable) return typeOf(variable.value, scope);
  const resource = file.resources.find((one) => one.name === name);
  if (resource) return listedIf(resource, resourceTypes.get(name)?.body ?? ANY);
  const module = file.modules.find((one) => one.name === name);
  return module ? listedIf(module, moduleType(name, moduleFiles.get(name))) : ANY;
}

function listedIf({ isLoop }: Deployed, type: Type): Type {
  return isLoop ? { kind: "array", item: type } : type;
}

/** What the loop around a node that brings in this name runs over. */
function loopedOver(node: Node, name: string): Node | undefined {
  for (let at = node.parent; at !== null; at = at.parent) {
    if (at.type !== "for_statement") continue;
    const [header, over] = meaningful(at);
    const item = header?.type === "for_loop_parameters" ? meaningful(header)[0] : header;
    if (item?.text === name) return over;
  }
  return undefined;
}

function moduleType(name: string, file: BicepFile | undefined): Type {
  if (file === undefined) return ANY;
  const outputs = new Map(file.outputs.map((output) => [output.name, property(declaredType(output.type))]));
  const ofOutputs: ObjectType = { kind: "object", name: `the outputs of ${file.path}`, properties: () => outputs };
  const properties = new Map([
    ["name", property(STRING)],
    ["outputs", property(ofOutputs)],
  ]);
  return { kind: "object", name: `the module ${name}`, properties: () => properties };
}

function objectOf(node: Node, scope: FileScope): Type {
  const properties = new Map<string, Property>();
  for (const entry of meaningful(node)) {
    const [key, value] = meaningful(entry);
    const name = key?.type === "string" ? literalText(key) : key?.text;
    // a name that is made at run time: nothing can be said about the others
    if (name === undefined) return ANY;
    if (value) properties.set(name, { type: () => typeOf(value, scope), required: true, readOnly: false, constant: false });
  }
  return { kind: "object", name: "the object", properties: () => properties };
}

function typeOfMember(node: Node, scope: FileScope): Type {
  const object = typeOfField(node, "object", scope);
  if (object.kind !== "object") return ANY;
  return (
    object
      .properties()
      .get(node.childForFieldName("property")?.text ?? "")
      ?.type() ??
    object.additional?.() ??
    ANY
  );
}

function typeOfField(node: Node, field: string, scope: FileScope): Type {
  const found = node.childForFieldName(field);
  return found ? typeOf(found, scope) : ANY;
}

function itemOf(type: Type): Type {
  return type.kind === "array" ? type.item : ANY;
}

function commonType(one: Type, other: Type): Type {
  if (one.kind === "string" && other.kind === "string") {
    return one.values && other.values ? { kind: "string", values: [...one.values, ...other.values] } : STRING;
  }
  if (one.kind === "null") return other;
  if (one.kind === "int" && other.kind === "int") return { kind: "int" };
  return one.kind === other.kind && one.kind === "bool" ? one : ANY;
}

function typeOfOperation(operator: string): Type {
  if (["==", "!=", "=~", "!~", "<", "<=", ">", ">=", "&&", "||"].includes(operator)) return { kind: "bool" };
  return operator === "??" ? ANY : { kind: "int" };
}

function property(type: Type): Property {
  return { type: () => type, required: true, readOnly: true, constant: false };
}
