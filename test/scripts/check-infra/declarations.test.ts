import { describe, expect, it } from "vitest";
import { problemsIn } from "./bicep-under-test.js";

const GOOD = `
@description('How many.')
@minValue(1)
param count int = 2

@description('Names.')
var names = [for index in range(0, count): 'shelf-\${index}']

@description('The first one.')
output first string = toLower(names[0])
`;

describe("syntax and names", () => {
  it("finds nothing in a file that is right", async () => {
    expect(await problemsIn(GOOD)).toEqual([]);
  });

  it.each([
    ["a bracket that is left open", "@description('x')\nparam a string = toLower('x'\n", "main.bicep:2: Here ) is missing."],
    ["words that are no statement", "parameter a string\n", "main.bicep:1: This is no Bicep"],
    ["a value that is missing", "@description('x')\nvar a =\n", "main.bicep:2: "],
  ])("tells %s", async (_what, text, message) => {
    const [first] = await problemsIn(text);
    expect(first).toContain(message);
  });

  it("says of a file that cannot be parsed nothing but that", async () => {
    const problems = await problemsIn({ "main.bicep": GOOD, "other.bicep": "resource = {\n" });
    expect(problems.filter((problem) => !problem.startsWith("other.bicep"))).toEqual([]);
    expect(problems).not.toEqual([]);
  });

  it.each([
    ["a parameter that is never used", "@description('x')\nparam spare string\n", "main.bicep:2: `spare` is never used."],
    ["a variable that is never used", "@description('x')\nvar spare = 'x'\n", "main.bicep:2: `spare` is never used."],
    [
      "a resource that exists and is never used",
      "resource spare 'A.B/c@1' existing = {\n  name: 'x'\n}\n",
      "main.bicep:1: `spare` is never used.",
    ],
    ["a name that is declared twice", "@description('x')\nvar a = 'x'\n@description('x')\nparam a string = a\n", "`a` is declared twice."],
    ["a name that is not declared", "@description('x')\noutput o string = nobody\n", "main.bicep:2: `nobody` is not declared."],
    ["a name in a string that is not declared", `@description('x')\noutput o string = 'a\${nobody}'\n`, "`nobody` is not declared."],
    ["a function that is not known", "@description('x')\noutput o string = upperToo('x')\n", "`upperToo` is no function"],
    ["a decorator that is not known", "@descriptoin('x')\noutput o string = 'x'\n", "There is no decorator `@descriptoin`."],
    [
      "a parameter without a description",
      "param a string\n@description('x')\noutput o string = a\n",
      "main.bicep:1: `a` has no @description.",
    ],
    ["an empty description", "@description(' ')\noutput o string = 'x'\n", "`o` has no @description."],
    [
      "a default of another type",
      "@description('x')\nparam a int = 'x'\n@description('x')\noutput o int = a\n",
      "the default of `a` is 'x', and has to be int.",
    ],
    [
      "a default that is not allowed",
      "@description('x')\n@allowed(['a'])\nparam a string = 'b'\n@description('x')\noutput o string = a\n",
      "is 'b', and has to be 'a'.",
    ],
    [
      "a default below the smallest value",
      "@description('x')\n@minValue(3)\nparam a int = 2\n@description('x')\noutput o int = a\n",
      "is 2, and has to be int from 3.",
    ],
    [
      "a default that is too short",
      "@description('x')\n@minLength(3)\nparam a string = 'x'\n@description('x')\noutput o string = a\n",
      "is 1 characters long",
    ],
    [
      "a property that an object does not have",
      "@description('x')\nvar a = { b: 'x' }\n@description('x')\noutput o string = a.c\n",
      "There is no `c` in the object (`a`).",
    ],
    [
      "a property that a function's answer does not have",
      "@description('x')\noutput o string = environment().suffixes.vault\n",
      "There is no `vault`",
    ],
  ])("tells %s", async (_what, text, message) => {
    expect(await problemsIn(text)).toEqual(expect.arrayContaining([expect.stringContaining(message)]));
  });
});
