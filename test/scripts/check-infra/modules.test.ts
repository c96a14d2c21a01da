import { describe, expect, it } from "vitest";
import { problemsIn } from "./bicep-under-test.js";

const MODULE = `
@description('How high.')
@allowed(['low', 'high'])
param height string

@description('In which colours.')
param colours string[] = []

@description('What came of it.')
output label string = '\${height}-\${length(colours)}'
`;

const main = (body: string, output = "shelf.outputs.label") => ({
  "main.bicep": `module shelf 'modules/shelf.bicep' = ${body}\n\n@description('The label.')\noutput label string = ${output}\n`,
  "modules/shelf.bicep": MODULE,
});

describe("modules", () => {
  it("are right when their parameters are", async () => {
    expect(await problemsIn(main("{\n  params: {\n    height: 'low'\n    colours: ['red']\n  }\n}"))).toEqual([]);
  });

  it.each([
    ["a parameter that is required and missing", main("{\n  params: {\n    colours: []\n  }\n}"), "lacks the parameter `height`"],
    ["every parameter missing", main("{\n  scope: resourceGroup()\n}"), "lacks the parameter `height`"],
    [
      "a parameter that there is not",
      main("{\n  params: {\n    height: 'low'\n    width: 3\n  }\n}"),
      "modules/shelf.bicep has no parameter `width`.",
    ],
    ["a value that is not allowed", main("{\n  params: {\n    height: 'middle'\n  }\n}"), "is 'middle', and has to be 'low' | 'high'."],
    [
      "a value of another type",
      main("{\n  params: {\n    height: 'low'\n    colours: 'red'\n  }\n}"),
      "`colours` is 'red', and has to be string[].",
    ],
    ["an item of another type", main("{\n  params: {\n    height: 'low'\n    colours: [3]\n  }\n}"), "is 3, and has to be string."],
    ["a branch that is not allowed", main("{\n  params: {\n    height: empty('') ? 'low' : 'middle'\n  }\n}"), "is 'middle'"],
    [
      "an output that there is not",
      main("{\n  params: {\n    height: 'low'\n  }\n}", "shelf.outputs.lable"),
      "There is no `lable` in the outputs of modules/shelf.bicep",
    ],
    ["a name, which Bicep makes better", main("{\n  name: 'x'\n  params: {\n    height: 'low'\n  }\n}"), "has `name`, which is none of"],
    [
      "a dependency on nothing",
      main("{\n  params: {\n    height: 'low'\n  }\n  dependsOn: [\n    shelve\n  ]\n}"),
      "`shelve` is nothing that is deployed here.",
    ],
  ])("tells %s", async (_what, files, message) => {
    expect(await problemsIn(files)).toEqual(expect.arrayContaining([expect.stringContaining(message)]));
  });

  it("cannot be what is fetched from elsewhere, nor a file that is not there", async () => {
    const fetched = main("{\n  params: {\n    height: 'low'\n  }\n}")["main.bicep"].replace("modules/shelf.bicep", "br/public:shelf:1.0.0");
    expect(await problemsIn(fetched)).toEqual(expect.arrayContaining([expect.stringContaining("There is no file br/public:shelf:1.0.0.")]));
  });

  it("are each used by another file", async () => {
    expect(await problemsIn({ "main.bicep": "targetScope = 'subscription'\n", "modules/shelf.bicep": MODULE })).toEqual([
      "modules/shelf.bicep: No file has this one as a module.",
    ]);
  });

  it("give a string that can be anything to no parameter of few values", async () => {
    const files = main("{\n  params: {\n    height: any\n  }\n}");
    const text = `@description('Anything.')\nparam any string\n\n${files["main.bicep"]}`;
    expect(await problemsIn({ ...files, "main.bicep": text })).toEqual([
      expect.stringContaining("is any string, and has to be 'low' | 'high'."),
    ]);
  });
});
