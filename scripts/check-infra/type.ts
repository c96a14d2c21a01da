/** What a value may be. The types of resources, of parameters and of expressions are all told in these terms. */
export type Type =
  | { readonly kind: "any" }
  | { readonly kind: "null" }
  | { readonly kind: "bool" }
  | IntType
  | StringType
  | { readonly kind: "array"; readonly item: Type }
  | ObjectType
  | DiscriminatedType;

export interface IntType extends Bounds {
  readonly kind: "int";
  /** All that it can be, where these are known. */
  readonly values?: readonly number[];
}

export interface StringType extends Bounds {
  readonly kind: "string";
  /** All that are known, where they are. */
  readonly values?: readonly string[];
  /** Whether there may be others than `values`. */
  readonly open?: boolean;
  readonly pattern?: RegExp;
}

/** Of a number its value, of a string its length. */
interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

export interface ObjectType {
  readonly kind: "object";
  readonly name: string;
  /** A function, since types of resources contain each other. */
  readonly properties: () => ReadonlyMap<string, Property>;
  /** What any other property is; without it there must not be others. */
  readonly additional?: () => Type;
}

/** An object that is one of several, by the value of one property. */
export interface DiscriminatedType {
  readonly kind: "discriminated";
  readonly name: string;
  readonly discriminator: string;
  readonly variants: () => ReadonlyMap<string, ObjectType>;
}

export interface Property {
  readonly type: () => Type;
  readonly required: boolean;
  readonly readOnly: boolean;
  /** Whether it has to be known before anything is deployed. */
  readonly constant: boolean;
}

export const ANY: Type = { kind: "any" };

/** What stands in a message. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case "array":
      return `${describeType(type.item)}[]`;
    case "object":
    case "discriminated":
      return type.name;
    case "string":
      return type.values?.map((value) => `'${value}'`).join(" | ") ?? "string";
    case "int":
      return type.values?.join(" | ") ?? `int${inWords(type)}`;
    default:
      return type.kind;
  }
}

function inWords({ min, max }: Bounds): string {
  const words = [min === undefined ? "" : ` from ${min}`, max === undefined ? "" : ` up to ${max}`];
  return words.join("");
}
