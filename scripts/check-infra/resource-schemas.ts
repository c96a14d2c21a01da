import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DiscriminatedType, ObjectType, Property, Type } from "./type.js";
import { assertDefinitions, type Definition, type ObjectDefinition, type PropertyDefinition } from "./type-definitions.js";
import { typeOfExpression } from "./type-expression.js";

/** A resource type, as its schema has it. */
export interface ResourceType {
  /** With the version: `Microsoft.KeyVault/vaults@2024-11-01`. */
  readonly name: string;
  readonly body: ObjectType | DiscriminatedType;
  /** Where it can be deployed, such as `ResourceGroup`; several are separated by commas. */
  readonly writableScopes: string;
}

/** The schemas of resource types: files named `Microsoft.KeyVault.vaults.json`, each a list of type definitions. */
export class ResourceSchemas {
  readonly #folder: string;
  readonly #read = new Map<string, Promise<ResourceType | undefined>>();

  /** @param folder where the files are */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * @param type without a version
   * @returns nothing where there is no file
   */
  find(type: string): Promise<ResourceType | undefined> {
    const known = this.#read.get(type);
    if (known) return known;
    const reading = this.#readType(type);
    this.#read.set(type, reading);
    return reading;
  }

  async #readType(type: string): Promise<ResourceType | undefined> {
    const file = join(this.#folder, `${type.replaceAll("/", ".")}.json`);
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    const definitions: unknown = JSON.parse(text);
    assertDefinitions(definitions, file);
    return resourceType(definitions, file);
  }
}

function resourceType(definitions: readonly Definition[], file: string): ResourceType {
  const resource = definitions.find((one) => one.$type === "Resource");
  if (resource === undefined) throw new TypeError(`${file} has no definition of a resource.`);
  const { name, writableScopes, bodyType } = resource;
  return { name, writableScopes, body: shaped(bodyType, new Types(definitions)) };
}

/** The named types of one file. */
class Types {
  readonly #byName = new Map<string, Type>();

  constructor(definitions: readonly Definition[]) {
    for (const definition of definitions) {
      if (definition.$type === "Object" || definition.$type === "DiscriminatedObject") {
        this.#byName.set(definition.name, shaped(definition, this));
      }
    }
  }

  resolve(expression: string, modifiers?: string): Type {
    return typeOfExpression(expression, modifiers, (name) => this.#byName.get(name));
  }
}

function shaped(definition: ObjectDefinition, types: Types): ObjectType | DiscriminatedType {
  if (definition.$type === "Object") return objectType(definition.name, definition.properties, types, definition.additionalPropertiesType);
  const { name, discriminator, baseProperties, elements } = definition;
  const variants = () =>
    new Map(
      elements.map(({ properties }) => {
        const value = properties.find((property) => property.name === discriminator)?.type ?? "";
        return [value, objectType(`${name} of the kind '${value}'`, [...baseProperties, ...properties], types)] as const;
      }),
    );
  return { kind: "discriminated", name, discriminator, variants };
}

function objectType(name: string, properties: readonly PropertyDefinition[], types: Types, additional?: string): ObjectType {
  return {
    kind: "object",
    name,
    properties: () => new Map(properties.map((property) => [property.name, propertyOf(property, types)])),
    ...(additional !== undefined && { additional: () => types.resolve(additional) }),
  };
}

function propertyOf({ type, flags = "", modifiers }: PropertyDefinition, types: Types): Property {
  const set = new Set(flags.split(", "));
  return {
    type: () => types.resolve(type, modifiers),
    required: set.has("Required"),
    readOnly: set.has("ReadOnly"),
    constant: set.has("DeployTimeConstant"),
  };
}
