import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { readBicepFile } from "../../../scripts/check-infra/bicep-file.js";
import { checkBicep } from "../../../scripts/check-infra/bicep-folder.js";
import { formatProblem } from "../../../scripts/check-infra/problem.js";
import { ResourceSchemas } from "../../../scripts/check-infra/resource-schemas.js";

/** A folder that goes with the test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "check-infra-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** What is wrong with Bicep files, given by path; one text alone is `main.bicep`. */
export async function problemsIn(files: string | Readonly<Record<string, string>>, schemas?: ResourceSchemas): Promise<string[]> {
  const texts = typeof files === "string" ? { "main.bicep": files } : files;
  const read = await Promise.all(Object.entries(texts).map(([path, text]) => readBicepFile(path, text)));
  return (await checkBicep(read, schemas)).map(formatProblem);
}

const READ_ONLY = "ReadOnly, DeployTimeConstant";

/** Schemas of three made-up types, in the form of the real ones. */
export async function shelfSchemas(): Promise<ResourceSchemas> {
  const folder = await newFolder();
  const resource = (name: string, bodyType: object, writableScopes = "ResourceGroup") => ({
    $type: "Resource",
    name,
    bodyType,
    writableScopes,
    readableScopes: writableScopes,
  });
  const base = [
    { name: "id", type: "string", flags: READ_ONLY },
    { name: "name", type: "string", flags: "Required, DeployTimeConstant", modifiers: "minLength: 3, maxLength: 10, pattern: ^[a-z,]+$" },
  ];
  const shelves = [
    resource("Contoso.Wood/shelves@2026-01-01", {
      $type: "Object",
      name: "Contoso.Wood/shelves",
      properties: [
        ...base,
        { name: "location", type: "string", flags: "Required" },
        { name: "tags", type: "Tags" },
        { name: "properties", type: "ShelfProperties" },
      ],
    }),
    { $type: "Object", name: "Tags", properties: [], additionalPropertiesType: "string" },
    {
      $type: "Object",
      name: "ShelfProperties",
      properties: [
        { name: "boards", type: "Board[]" },
        { name: "colour", type: "red | green" },
        { name: "finish", type: "oil | wax | string" },
        { name: "height", type: "int", modifiers: "minValue: 10, maxValue: 300" },
        { name: "mounted", type: "bool" },
        { name: "rights", type: "read | write[]" },
        { name: "serial", type: "string", flags: "ReadOnly" },
      ],
    },
    {
      $type: "Object",
      name: "Board",
      properties: [
        { name: "length", type: "int", flags: "Required" },
        { name: "wood", type: "string" },
      ],
    },
    { $type: "ResourceInstanceFunction", name: "listKeys" },
  ];
  const books = [
    resource("Contoso.Wood/shelves/books@2026-01-01", {
      $type: "DiscriminatedObject",
      name: "Contoso.Wood/shelves/books",
      discriminator: "kind",
      baseProperties: base,
      elements: [
        {
          $type: "Object",
          name: "Novel",
          properties: [
            { name: "kind", type: "novel", flags: "Required" },
            { name: "author", type: "string", flags: "Required" },
          ],
        },
        { $type: "Object", name: "Atlas", properties: [{ name: "kind", type: "atlas", flags: "Required" }] },
      ],
    }),
  ];
  const halls = [
    resource("Contoso.Wood/halls@2026-01-01", { $type: "Object", name: "Contoso.Wood/halls", properties: base }, "Subscription"),
  ];
  await writeFile(join(folder, "Contoso.Wood.shelves.json"), JSON.stringify(shelves));
  await writeFile(join(folder, "Contoso.Wood.shelves.books.json"), JSON.stringify(books));
  await writeFile(join(folder, "Contoso.Wood.halls.json"), JSON.stringify(halls));
  return new ResourceSchemas(folder);
}
