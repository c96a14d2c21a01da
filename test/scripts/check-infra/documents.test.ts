import { describe, expect, it } from "vitest";
import { readBicepFile } from "../../../scripts/check-infra/bicep-file.js";
import { checkAgainstSchema } from "../../../scripts/check-infra/json-schema-check.js";
import { checkParametersFile } from "../../../scripts/check-infra/parameters-file-check.js";

const MAIN = `
@description('x')
param location string
@description('x')
@allowed([512, 2048])
param memory int = 2048
@description('x')
param isPrivate bool = false
@description('x')
@allowed(['pop', 'mtls_pop'])
param scheme string = 'pop'
`;

async function problemsOf(parameters: unknown): Promise<string[]> {
  const main = await readBicepFile("main.bicep", MAIN);
  return checkParametersFile("main.parameters.json", { parameters }, main).map(({ message }) => message);
}

describe("the file of parameters", () => {
  const value = (text: string) => ({ value: text });
  const location = value(`\${AZURE_LOCATION}`);

  it("takes every value from the environment of azd", async () => {
    const all = { location, memory: value(`\${MEMORY=512}`), isPrivate: value(`\${PRIVATE=true}`), scheme: value(`\${SCHEME=}`) };
    expect(await problemsOf(all)).toEqual([]);
  });

  it.each([
    ["lacks one that is required", {}, "The parameter `location` is missing, which main.bicep requires."],
    ["has one that there is not", { location, colour: value(`\${COLOUR}`) }, "main.bicep has no parameter `colour`."],
    ["has a value of its own", { location: value("westus3") }, "`location` is `westus3`, and not a variable of the azd environment."],
    ["has a number that is not allowed", { location, memory: value(`\${MEMORY=1024}`) }, "`memory` cannot be 1024."],
    ["has a word for a number", { location, memory: value(`\${MEMORY=much}`) }, "`memory` cannot be much."],
    ["has a word for yes or no", { location, isPrivate: value(`\${PRIVATE=yes}`) }, "`isPrivate` cannot be yes."],
    ["has a string that is not allowed", { location, scheme: value(`\${SCHEME=Bearer}`) }, "`scheme` cannot be Bearer."],
    ["is of another form", { location: `\${AZURE_LOCATION}` }, "It is no file of parameters: `parameters` with a `value` each is missing."],
  ])("is told when it %s", async (_what, parameters, message) => {
    expect(await problemsOf(parameters)).toEqual([message]);
  });
});

describe("a document by its JSON schema", () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2019-09/schema",
    type: "object",
    required: ["name"],
    additionalProperties: false,
    properties: { name: { type: "string", pattern: "^[a-z]+$" }, agent: { $ref: "https://schemas.example/agent.json" } },
  };
  const problems = (document: unknown) => checkAgainstSchema("azure.yaml", document, schema).map(({ message }) => message);

  it("is right", () => {
    expect(problems({ name: "shelf" })).toEqual([]);
  });

  it.each([
    ["lacks what is required", {}, "the document must have required property 'name'"],
    ["has what there is not", { name: "shelf", nmae: "x" }, "the document must NOT have additional properties (`nmae`)"],
    ["has a value of another form", { name: "Shelf" }, '/name must match pattern "^[a-z]+$"'],
    ["would need a schema from elsewhere, which is not fetched", { name: "shelf", agent: {} }, "/agent must NOT be valid"],
  ])("is told when it %s", (_what, document, message) => {
    expect(problems(document)).toEqual([message]);
  });

  it("may have a schema of draft 7, as host.json does", () => {
    const draft7 = { $schema: "http://json-schema.org/draft-07/schema#", properties: { version: { const: "2.0" } } };
    expect(checkAgainstSchema("host.json", { version: "2.0" }, draft7)).toEqual([]);
    expect(checkAgainstSchema("host.json", { version: "3.0" }, draft7)).toHaveLength(1);
  });
});
