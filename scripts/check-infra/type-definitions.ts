/** A type definition, as the schemas of resources have them. */
export type Definition = ResourceDefinition | ObjectDefinition | { readonly $type: "ResourceInstanceFunction" };

interface ResourceDefinition {
  readonly $type: "Resource";
  /** With the version. */
  readonly name: string;
  readonly bodyType: ObjectDefinition;
  readonly writableScopes: string;
}

export type ObjectDefinition =
  | {
      readonly $type: "Object";
      readonly name: string;
      readonly properties: readonly PropertyDefinition[];
      readonly additionalPropertiesType?: string;
    }
  | {
      readonly $type: "DiscriminatedObject";
      readonly name: string;
      readonly discriminator: string;
      readonly baseProperties: readonly PropertyDefinition[];
      readonly elements: readonly { readonly properties: readonly PropertyDefinition[] }[];
    };

export interface PropertyDefinition {
  readonly name: string;
  /** Such as `Allow | Deny | string`, `IPRule[]` or the name of another definition. */
  readonly type: string;
  /** Such as `Required, DeployTimeConstant`. */
  readonly flags?: string;
  /** Such as `minLength: 3, maxLength: 24`. */
  readonly modifiers?: string;
}

/** @throws TypeError naming the file and what is missing in it */
export function assertDefinitions(value: unknown, file: string): asserts value is Definition[] {
  if (!Array.isArray(value)) throw new TypeError(`${file} is not a list of type definitions.`);
  value.forEach((one, index) => {
    if (!isDefinition(one)) throw new TypeError(`${file}: the type definition at ${index} is none that is known.`);
  });
}

function isDefinition(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value["$type"] === "ResourceInstanceFunction") return true;
  const isNamed = typeof value["name"] === "string";
  if (value["$type"] === "Resource") return isNamed && typeof value["writableScopes"] === "string" && isObject(value["bodyType"]);
  return isNamed && isObject(value);
}

function isObject(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value["$type"] === "Object") return areProperties(value["properties"]);
  if (value["$type"] !== "DiscriminatedObject" || typeof value["discriminator"] !== "string") return false;
  const elements = value["elements"];
  return areProperties(value["baseProperties"]) && Array.isArray(elements) && elements.every(isObject);
}

function areProperties(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => isRecord(one) && typeof one["name"] === "string" && typeof one["type"] === "string");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
