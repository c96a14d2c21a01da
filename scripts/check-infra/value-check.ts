import type { Node } from "web-tree-sitter";
import { propertiesOf } from "./bicep-file.js";
import { literalText, meaningful, nodesOf } from "./bicep-parser.js";
import { type FileScope, typeOf } from "./file-scope.js";
import type { FileProblems } from "./problem.js";
import { type DiscriminatedType, describeType, type ObjectType, type StringType, type Type } from "./type.js";

/** Where values are looked up, and where what is wrong with them goes. */
export interface ValueContext {
  readonly scope: FileScope;
  readonly problems: FileProblems;
}

/**
 * Checks that an expression is what a type wants: each branch of a condition, each item, each property.
 *
 * @param what names the value in messages
 */
export function checkValue(node: Node, type: Type, what: string, context: ValueContext): void {
  const inner = meaningful(node);
  const variable = node.type === "identifier" ? context.scope.file.variables.find(({ name }) => name === node.text) : undefined;
  if (variable) {
    checkValue(variable.value, type, what, context);
  } else if (node.type === "parenthesized_expression" && inner[0]) {
    checkValue(inner[0], type, what, context);
  } else if (node.type === "ternary_expression") {
    for (const branch of inner.slice(1)) if (branch.type !== "null") checkValue(branch, type, what, context);
  } else if (node.type === "object" || isUnion(node)) {
    checkObject(node, type, what, context);
  } else if (node.type === "array" || node.type === "for_statement") {
    checkList(node, type, what, context);
  } else {
    const found = typeOf(node, context.scope);
    const mismatch = mismatchOf(found, type);
    if (mismatch) context.problems.add(node, `${what} is ${mismatch}, and has to be ${describeType(type)}.`);
    else if (found.kind === "string" && type.kind === "string") checkText(node, type, what, context);
  }
}

/** What is found, where it does not fit. */
function mismatchOf(found: Type, wanted: Type): string | undefined {
  if (found.kind === "any" || wanted.kind === "any") return undefined;
  if (wanted.kind === "discriminated" ? found.kind !== "object" : found.kind !== wanted.kind) return describeType(found);
  if (found.kind === "array" && wanted.kind === "array") return mismatchOf(found.item, wanted.item) && describeType(found);
  if (found.kind === "string" && wanted.kind === "string" && wanted.values) {
    if (found.values === undefined) return wanted.open ? undefined : "any string";
    const stray = found.values.find((value) => !wanted.values?.includes(value));
    return stray === undefined ? undefined : `'${stray}'`;
  }
  if (found.kind === "int" && wanted.kind === "int") return mismatchOfNumber(found.values, wanted);
  return undefined;
}

function mismatchOfNumber(found: readonly number[] | undefined, wanted: Type & { kind: "int" }): string | undefined {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, values } = wanted;
  const stray = found?.find((value) => value < min || value > max || (values !== undefined && !values.includes(value)));
  return stray === undefined ? undefined : `${stray}`;
}

/** A literal has the length and the form that is wanted. */
function checkText(
  node: Node,
  { min = 0, max = Number.POSITIVE_INFINITY, pattern }: StringType,
  what: string,
  { problems }: ValueContext,
): void {
  const literal = literalText(node);
  if (literal === undefined) return;
  if (literal.length < min || literal.length > max)
    problems.add(node, `${what} is ${literal.length} characters long, not ${min} to ${max}.`);
  if (pattern && !pattern.test(literal)) problems.add(node, `${what} does not match ${pattern}.`);
}

function checkList(node: Node, type: Type, what: string, context: ValueContext): void {
  if (type.kind !== "array") {
    if (type.kind !== "any") context.problems.add(node, `${what} is a list, and has to be ${describeType(type)}.`);
    return;
  }
  const body = node.type === "for_statement" ? node.childForFieldName("body") : undefined;
  for (const item of body ? [body] : meaningful(node)) checkValue(item, type.item, `an item of ${what}`, context);
}

function isUnion(node: Node): boolean {
  return node.type === "call_expression" && node.childForFieldName("function")?.text === "union";
}

function checkObject(node: Node, type: Type, what: string, context: ValueContext): void {
  if (type.kind !== "object" && type.kind !== "discriminated") {
    if (type.kind !== "any") context.problems.add(node, `${what} is an object, and has to be ${describeType(type)}.`);
    return;
  }
  const objects = isUnion(node) ? unitedObjects(node, context.scope) : [node];
  // something else than objects in a union: its properties are known to nobody
  if (objects === undefined) return;
  const shape = type.kind === "object" ? type : variantOf(objects, node, type, what, context);
  if (shape === undefined) return;
  for (const object of objects) checkProperties(object, shape, what, context);
  const given = new Set(objects.flatMap((object) => [...propertiesOf(object).keys()]));
  for (const [name, { required, readOnly }] of shape.properties()) {
    if (required && !readOnly && !given.has(name)) context.problems.add(node, `${what} lacks \`${name}\`, which ${shape.name} requires.`);
  }
}

/** The objects that `union` unites, those of variables and of both branches of conditions included. */
function unitedObjects(node: Node, scope: FileScope): Node[] | undefined {
  if (node.type === "object") return [node];
  const variable = node.type === "identifier" ? scope.file.variables.find(({ name }) => name === node.text) : undefined;
  if (variable) return unitedObjects(variable.value, scope);
  const parts = isUnion(node)
    ? meaningful(node.childForFieldName("arguments") ?? node)
    : node.type === "ternary_expression"
      ? meaningful(node).slice(1)
      : undefined;
  const united = parts?.map((part) => unitedObjects(part, scope));
  return united?.includes(undefined) ? undefined : united?.flatMap((objects) => objects ?? []);
}

function variantOf(
  objects: readonly Node[],
  node: Node,
  type: DiscriminatedType,
  what: string,
  context: ValueContext,
): ObjectType | undefined {
  const { discriminator } = type;
  const value = objects.map((object) => propertiesOf(object).get(discriminator)).find((found) => found !== undefined);
  const literal = literalText(value);
  const variants = type.variants();
  const variant = literal === undefined ? undefined : variants.get(literal);
  if (variant === undefined) {
    const known = [...variants.keys()].map((name) => `'${name}'`).join(", ");
    context.problems.add(value ?? node, `\`${discriminator}\` of ${what} has to be one of ${known}.`);
  }
  return variant;
}

function checkProperties(object: Node, shape: ObjectType, what: string, context: ValueContext): void {
  const known = shape.properties();
  for (const entry of meaningful(object)) {
    const [key, value] = meaningful(entry);
    if (entry.type !== "object_property" || key === undefined || value === undefined) {
      context.problems.add(entry, `${what} has something inside that is no property, which is not checked.`);
      continue;
    }
    const name = key.type === "string" ? literalText(key) : key.text;
    const property = name === undefined ? undefined : known.get(name);
    const type = property?.type() ?? shape.additional?.();
    if (type === undefined) {
      context.problems.add(key, `${what} has \`${name ?? key.text}\`, which ${shape.name} does not know.`);
    } else if (property?.readOnly) {
      context.problems.add(key, `${what} sets \`${name}\`, which is read-only.`);
    } else {
      if (property?.constant) checkConstant(value, `\`${name}\` of ${what}`, context);
      if (value.type !== "null" || property?.required)
        checkValue(value, type, name === undefined ? `a property of ${what}` : `\`${name}\``, context);
    }
  }
}

/** What has to be known before anything is deployed must not be asked of something that is. */
function checkConstant(value: Node, what: string, { scope, problems }: ValueContext): void {
  const deployed = new Set([...scope.file.resources, ...scope.file.modules].map(({ name }) => name));
  for (const node of nodesOf(value)) {
    if (node.type !== "member_expression" || !deployed.has(node.childForFieldName("object")?.text ?? "")) continue;
    const asked = node.childForFieldName("property")?.text ?? "";
    if (asked === "properties" || asked === "outputs")
      problems.add(node, `${what} has to be known beforehand, and \`${node.text}\` is not.`);
  }
}
