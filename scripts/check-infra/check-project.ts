import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { checkBicep, readBicepFolder } from "./bicep-folder.js";
import { HAND_CHECKED_TYPES } from "./hand-checked-types.js";
import { checkAgainstSchema } from "./json-schema-check.js";
import { checkParametersFile } from "./parameters-file-check.js";
import type { Problem } from "./problem.js";
import { handCheckedIn } from "./resource-check.js";
import { ResourceSchemas } from "./resource-schemas.js";

/** What was found, and what was looked at. */
export interface ProjectReport {
  readonly problems: readonly Problem[];
  /** Sentences, one a kind of check. */
  readonly checked: readonly string[];
}

/**
 * Checks what a project says about its infrastructure: `infra/` with its parameters, `azure.yaml` and `host.json`.
 *
 * @param root of the project
 * @param schemas folder with `azure.yaml.schema.json`, `host.schema.json` and `azure-resources/`; without it no schema is compared with
 */
export async function checkProject(root: string, schemas: string | undefined): Promise<ProjectReport> {
  const infra = join(root, "infra");
  const files = await readBicepFolder(infra);
  const main = files.find(({ path }) => path === "main.bicep");
  if (main === undefined) return { problems: [{ file: "infra", message: "There is no main.bicep." }], checked: [] };
  const resourceSchemas = schemas === undefined ? undefined : new ResourceSchemas(join(schemas, "azure-resources"));
  const inInfra = [
    ...(await checkBicep(files, resourceSchemas)),
    ...checkParametersFile("main.parameters.json", await readJson(join(infra, "main.parameters.json")), main),
  ].map((problem) => ({ ...problem, file: `infra/${problem.file}` }));
  const parsed = `${files.length} Bicep files: syntax, names, parameters, modules, outputs, and main.parameters.json`;
  if (schemas === undefined) return { problems: inInfra, checked: [parsed] };
  const documents = [
    ...checkAgainstSchema(
      "azure.yaml",
      parse(await readFile(join(root, "azure.yaml"), "utf8")),
      await readSchema(schemas, "azure.yaml.schema.json"),
    ),
    ...checkAgainstSchema("host.json", await readJson(join(root, "host.json")), await readSchema(schemas, "host.schema.json")),
  ];
  const resources = files.flatMap((file) => file.resources.map(({ reference }) => reference));
  const bySchema = new Set(resources.filter((reference) => !HAND_CHECKED_TYPES.has(reference)));
  return {
    problems: [...inInfra, ...documents],
    checked: [
      parsed,
      `${bySchema.size} types of resources, by their schemas`,
      "azure.yaml and host.json, by their schemas",
      ...handCheckedIn(files).map((type) => `${type} has no schema: compared by hand with ${HAND_CHECKED_TYPES.get(type)}`),
    ],
  };
}

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, "utf8"));
}

async function readSchema(folder: string, name: string): Promise<object> {
  const schema = await readJson(join(folder, name));
  if (typeof schema !== "object" || schema === null) throw new TypeError(`${join(folder, name)} is not a JSON schema.`);
  return schema;
}
