import { type BicepFile, type Deployed, propertiesOf } from "./bicep-file.js";
import type { FileScope } from "./file-scope.js";
import { HAND_CHECKED_TYPES } from "./hand-checked-types.js";
import { FileProblems, type Problem } from "./problem.js";
import type { ResourceSchemas, ResourceType } from "./resource-schemas.js";
import type { DiscriminatedType, ObjectType, Property } from "./type.js";
import { checkValue } from "./value-check.js";

/** What Bicep itself reads in a resource, beside the properties of its type. */
const LANGUAGE_KEYS: readonly string[] = ["parent", "scope", "dependsOn"];
/** What tells which resource is meant, where one is that exists. */
const IDENTIFYING_KEYS: readonly string[] = ["name", "parent", "scope"];

/** The resources of a file: each by its type's schema, and in its place among the others. */
export function checkResources(scope: FileScope): Problem[] {
  const problems = new FileProblems(scope.file.path);
  for (const resource of scope.file.resources) {
    checkPlace(resource, scope.file, problems);
    const type = scope.resourceTypes.get(resource.name);
    if (type === undefined) {
      if (!HAND_CHECKED_TYPES.has(resource.reference))
        problems.add(resource.node, `${resource.reference} has no schema, and was not checked by hand.`);
    } else if (type.name !== resource.reference) {
      problems.add(resource.node, `${resource.reference} is not the version of the schema, which is ${type.name}.`);
    } else {
      if (!resource.existing) checkWritable(resource, type, scope, problems);
      const body = resource.existing ? identifying(type.body) : withLanguageKeys(type.body);
      checkValue(resource.body, body, `the resource \`${resource.name}\``, { scope, problems });
    }
  }
  return problems.found;
}

/** The types of a file's resources, by the resources' names. */
export async function resourceTypesOf(file: BicepFile, schemas: ResourceSchemas): Promise<Map<string, ResourceType>> {
  const found = await Promise.all(
    file.resources.map(async ({ name, reference }) => [name, await schemas.find(reference.split("@")[0] ?? "")] as const),
  );
  return new Map(found.flatMap(([name, type]) => (type === undefined ? [] : [[name, type]])));
}

/** A child stands under a parent of the right type, and has no slash in its name. */
function checkPlace({ name, node, reference, body }: Deployed, file: BicepFile, problems: FileProblems): void {
  const segments = (reference.split("@")[0] ?? "").split("/");
  const parent = propertiesOf(body).get("parent");
  if (parent === undefined) {
    if (segments.length > 2) problems.add(node, `\`${name}\` is a ${segments.at(-1)} of something, and has no \`parent\`.`);
    return;
  }
  const symbol = (parent.childForFieldName("object") ?? parent).text;
  const found = file.resources.find((one) => one.name === symbol)?.reference.split("@")[0];
  const wanted = segments.slice(0, -1).join("/");
  if (found !== wanted) problems.add(parent, `The parent of \`${name}\` has to be a ${wanted}, and \`${symbol}\` is ${found ?? "none"}.`);
}

/** What is deployed where the file is, is deployed where its type can be. */
function checkWritable(
  { name, node, body }: Deployed,
  { writableScopes }: ResourceType,
  { file }: FileScope,
  problems: FileProblems,
): void {
  if (propertiesOf(body).has("scope") || writableScopes === "AllExceptExtension") return;
  const scopes = writableScopes.toLowerCase().split(", ");
  if (!scopes.includes(file.targetScope.toLowerCase())) problems.add(node, `\`${name}\` cannot be deployed to a ${file.targetScope}.`);
}

const LANGUAGE_PROPERTIES: readonly (readonly [string, Property])[] = LANGUAGE_KEYS.map((key) => [
  key,
  { type: () => ({ kind: "any" }), required: false, readOnly: false, constant: false },
]);

function withLanguageKeys(type: ObjectType | DiscriminatedType): ObjectType | DiscriminatedType {
  if (type.kind === "object") return { ...type, properties: () => new Map([...type.properties(), ...LANGUAGE_PROPERTIES]) };
  const variants = () =>
    new Map(
      [...type.variants()].map(([value, variant]) => {
        return [value, { ...variant, properties: () => new Map([...variant.properties(), ...LANGUAGE_PROPERTIES]) }] as const;
      }),
    );
  return { ...type, variants };
}

function identifying(type: ObjectType | DiscriminatedType): ObjectType | DiscriminatedType {
  const whole = withLanguageKeys(type);
  if (whole.kind !== "object") return whole;
  return { ...whole, properties: () => new Map([...whole.properties()].filter(([name]) => IDENTIFYING_KEYS.includes(name))) };
}

/** The types that no schema has, as they are used. */
export function handCheckedIn(files: readonly BicepFile[]): string[] {
  const used = files.flatMap(({ resources }) => resources.map(({ reference }) => reference));
  return [...HAND_CHECKED_TYPES.keys()].filter((type) => used.includes(type));
}
