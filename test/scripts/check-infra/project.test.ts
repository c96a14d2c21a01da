import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkInfra } from "../../../scripts/check-infra/command.js";
import { assertDefinitions } from "../../../scripts/check-infra/type-definitions.js";
import { newFolder } from "./bicep-under-test.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const DOCUMENTS = ["azure.yaml", "host.json", "infra/main.bicep", "infra/main.parameters.json", "infra/modules"];

async function run(args: readonly string[], root = ROOT): Promise<{ code: number; said: string }> {
  const lines: string[] = [];
  const code = await checkInfra(args, (line) => lines.push(line), root);
  return { code, said: lines.join("\n") };
}

/** A copy of what is checked of this project. */
async function copyOfProject(): Promise<string> {
  const root = await newFolder();
  for (const path of DOCUMENTS) await cp(join(ROOT, path), join(root, path), { recursive: true });
  return root;
}

/** Schemas that know no resource, and let every document through that has a name or a version. */
async function looseSchemas(): Promise<string> {
  const folder = await newFolder();
  await mkdir(join(folder, "azure-resources"));
  await writeFile(join(folder, "azure.yaml.schema.json"), JSON.stringify({ required: ["name"] }));
  await writeFile(join(folder, "host.schema.json"), JSON.stringify({ required: ["version"] }));
  return folder;
}

describe("this project", () => {
  it("has nothing wrong in what can be seen without schemas, and what was not looked at is said", async () => {
    const { code, said } = await run([]);
    expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining("NOT CHECKED") });
    expect(said).toContain("Nothing is wrong with it.");
  });

  it("has every rule of Bicep's linter at error", async () => {
    const { analyzers } = JSON.parse(await readFile(join(ROOT, "infra/bicepconfig.json"), "utf8"));
    expect(analyzers.core.enabled).toBe(true);
    const levels = Object.values<{ level: string }>(analyzers.core.rules).map(({ level }) => level);
    expect(levels.length).toBeGreaterThan(40);
    expect(new Set(levels)).toEqual(new Set(["error"]));
  });
});

describe("the command", () => {
  it("fails for a folder of schemas that is not there", async () => {
    expect(await run(["--schemas", "/nowhere/schemas"])).toEqual({ code: 2, said: "There is no folder /nowhere/schemas." });
  });

  it("lists the types that were checked by hand, and tells those that nobody has checked", async () => {
    const { code, said } = await run(["--schemas", await looseSchemas()]);
    expect(code).toBe(1);
    expect(said).toContain("Microsoft.Insights/diagnosticSettings@2021-05-01-preview has no schema: compared by hand with https://");
    expect(said).toMatch(
      /^infra\/modules\/vault\.bicep:\d+: Microsoft\.KeyVault\/vaults@2024-11-01 has no schema, and was not checked by hand\.$/m,
    );
  });

  it("tells what is wrong with Bicep, parameters, azure.yaml and host.json, each with its file", async () => {
    const root = await copyOfProject();
    await writeFile(join(root, "azure.yaml"), "services: {}\n");
    await writeFile(join(root, "host.json"), "{}");
    await writeFile(join(root, "infra/main.parameters.json"), '{ "parameters": {} }');
    const vault = await readFile(join(root, "infra/modules/vault.bicep"), "utf8");
    await writeFile(join(root, "infra/modules/vault.bicep"), vault.replace("tenant().tenantId", "tenant().tenantID"));
    const { said } = await run(["--schemas", await looseSchemas()], root);
    expect(said).toContain("azure.yaml: the document must have required property 'name'");
    expect(said).toContain("host.json: the document must have required property 'version'");
    expect(said).toContain("infra/main.parameters.json: The parameter `location` is missing");
    expect(said).toMatch(/^infra\/modules\/vault\.bicep:\d+: There is no `tenantID`/m);
  });

  it("tells a project without main.bicep", async () => {
    const root = await newFolder();
    await mkdir(join(root, "infra"));
    expect(await run([], root)).toEqual({ code: 1, said: expect.stringContaining("infra: There is no main.bicep.") });
  });
});

describe("a file of type definitions", () => {
  it.each([
    ["no list", {}],
    ["a definition of another kind", [{ $type: "Union" }]],
    ["a resource without a body", [{ $type: "Resource", name: "a", writableScopes: "ResourceGroup" }]],
    ["a property without a type", [{ $type: "Object", name: "a", properties: [{ name: "b" }] }]],
  ])("is refused with %s", (_what, content) => {
    expect(() => assertDefinitions(content, "a.json")).toThrow(/^a\.json/);
  });
});
