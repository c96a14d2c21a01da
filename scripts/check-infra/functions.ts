import { ANY, type ObjectType, type Type } from "./type.js";

const STRING: Type = { kind: "string" };
const INT: Type = { kind: "int" };
const BOOL: Type = { kind: "bool" };
const ARRAY: Type = { kind: "array", item: ANY };
const STRINGS: Type = { kind: "array", item: STRING };

function record(name: string, properties: Readonly<Record<string, Type>>): ObjectType {
  const entries = Object.entries(properties).map(
    ([key, type]) => [key, { type: () => type, required: true, readOnly: true, constant: false }] as const,
  );
  return { kind: "object", name, properties: () => new Map(entries) };
}

const SUFFIXES = record("the suffixes of an environment", {
  acrLoginServer: STRING,
  keyvaultDns: STRING,
  sqlServerHostname: STRING,
  storage: STRING,
});

/**
 * What functions of Bicep return. Those that this project has no use for are left out, and their use is told.
 *
 * @see https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions
 */
export const FUNCTIONS: ReadonlyMap<string, Type> = new Map<string, Type>([
  ["any", ANY],
  ["bool", BOOL],
  ["concat", ANY],
  ["contains", BOOL],
  ["deployer", record("the deployer", { objectId: STRING, tenantId: STRING, userPrincipalName: STRING })],
  ["empty", BOOL],
  [
    "environment",
    record("an environment", {
      name: STRING,
      portal: STRING,
      resourceManager: STRING,
      graph: STRING,
      authentication: ANY,
      suffixes: SUFFIXES,
    }),
  ],
  // returns nothing, and so fits everywhere
  ["fail", ANY],
  ["first", ANY],
  ["format", STRING],
  ["guid", STRING],
  ["int", INT],
  ["join", STRING],
  ["last", ANY],
  ["length", INT],
  ["max", INT],
  ["min", INT],
  ["range", { kind: "array", item: INT }],
  ["replace", STRING],
  ["resourceGroup", record("a resource group", { id: STRING, location: STRING, name: STRING, tags: ANY })],
  ["resourceId", STRING],
  ["split", STRINGS],
  ["string", STRING],
  ["subscription", record("a subscription", { displayName: STRING, id: STRING, subscriptionId: STRING, tenantId: STRING })],
  ["subscriptionResourceId", STRING],
  ["substring", STRING],
  ["take", ANY],
  ["tenant", record("a tenant", { tenantId: STRING })],
  ["toLower", STRING],
  ["toUpper", STRING],
  ["trim", STRING],
  ["union", ANY],
  ["uniqueString", { kind: "string", min: 13, max: 13 }],
  ["items", ARRAY],
]);

/** What may stand behind an `@`. */
export const DECORATORS: ReadonlySet<string> = new Set([
  "allowed",
  "batchSize",
  "description",
  "export",
  "maxLength",
  "maxValue",
  "metadata",
  "minLength",
  "minValue",
  "secure",
]);
