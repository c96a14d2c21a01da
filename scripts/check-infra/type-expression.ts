import { ANY, type Type } from "./type.js";

const INT = /^-?\d+$/;

/**
 * The type that a schema names: `string`, `Allow | Deny | string`, `IPRule[]`. A union in front of `[]` is that of the items.
 *
 * @param modifiers such as `minLength: 3, pattern: ^[a-z]+$`
 * @param named finds another definition; what is none of these is a literal
 */
export function typeOfExpression(expression: string, modifiers: string | undefined, named: (name: string) => Type | undefined): Type {
  if (expression.endsWith("[]")) return { kind: "array", item: typeOfExpression(expression.slice(0, -2), undefined, named) };
  const parts = expression.split(" | ");
  const bounds = boundsOf(modifiers);
  if (parts.length === 1) {
    const type = named(expression);
    if (type) return type;
    if (expression === "bool") return { kind: "bool" };
    if (expression === "int") return { kind: "int", ...bounds };
    if (expression === "string") return { kind: "string", ...bounds };
    if (expression === "null") return { kind: "null" };
    if (expression === "any" || expression === "object") return ANY;
    if (expression === "array") return { kind: "array", item: ANY };
  }
  const literals = parts.filter((part) => part !== "string" && part !== "int");
  if (parts.includes("int")) return { kind: "int", ...bounds };
  // several objects: none is written in what this project deploys, so no choice is made here. A literal may be spelled as a type is.
  if (literals.every((part) => named(part) !== undefined)) return ANY;
  return { kind: "string", values: literals, open: parts.includes("string"), ...bounds };
}

function boundsOf(modifiers = ""): { min?: number; max?: number; pattern?: RegExp } {
  // a pattern may contain commas, and comes last
  const [, rest = "", pattern] = /^(.*?)(?:(?:^|, )pattern: (.*))?$/.exec(modifiers) ?? [];
  const values = new Map(rest.split(", ").map((part) => [part.split(": ")[0] ?? "", part.split(": ")[1]] as const));
  const numberAt = (...names: string[]): number | undefined => {
    const found = names.map((name) => values.get(name)).find((value) => value !== undefined && INT.test(value));
    return found === undefined ? undefined : Number(found);
  };
  const min = numberAt("minLength", "minValue");
  const max = numberAt("maxLength", "maxValue");
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }), ...(pattern && { pattern: new RegExp(pattern) }) };
}
