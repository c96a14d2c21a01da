import { describe, expect, it } from "vitest";
import { problemsIn, shelfSchemas } from "./bicep-under-test.js";

const shelf = (inside: string, head = "name: 'shelf'\n  location: 'here'") =>
  `resource shelf 'Contoso.Wood/shelves@2026-01-01' = {\n  ${head}\n  ${inside}\n}\n`;
const properties = (inside: string) => shelf(`properties: {\n    ${inside}\n  }`);
const book = (inside: string, parent = "parent: shelf") =>
  `${shelf("")}resource book 'Contoso.Wood/shelves/books@2026-01-01' = {\n  ${parent}\n  ${inside}\n}\n`;

describe("resources", () => {
  it.each([
    [
      "every kind of property",
      properties("boards: [\n {\n length: 3\n wood: 'oak'\n }\n ]\n colour: 'red'\n finish: 'oil'\n height: 10\n mounted: true"),
    ],
    ["items of a loop", properties("boards: [for index in range(0, 3): {\n length: index\n }]")],
    ["nothing where nothing has to be", properties("height: empty('') ? null : 20")],
    ["tags of any name", shelf("tags: {\n    'a-b': 'x'\n  }")],
    [
      "a union of what is required",
      `resource shelf 'Contoso.Wood/shelves@2026-01-01' = {\n  name: 'shelf'\n  location: 'here'\n  properties: union({\n    height: 10\n  }, empty('') ? {\n    colour: 'red'\n  } : {})\n}\n`,
    ],
    ["a child under its parent", book("name: 'one'\n  kind: 'novel'\n  author: 'x'")],
    ["rights of a list of values", properties("rights: [\n 'read'\n ]")],
  ])("are right with %s", async (_what, text) => {
    expect(await problemsIn(text, await shelfSchemas())).toEqual([]);
  });

  it.each([
    ["a property that there is not", properties("hight: 20"), "has `hight`, which ShelfProperties does not know."],
    ["a property that is read-only", properties("serial: 'x'"), "sets `serial`, which is read-only."],
    ["a property of the wrong type", properties("mounted: 'true'"), "`mounted` is 'true', and has to be bool."],
    ["an object in the place of a value", properties("height: {}"), "`height` is an object, and has to be int"],
    ["a value in the place of a list", properties("boards: 'x'"), "`boards` is 'x', and has to be Board[]."],
    ["a list in the place of a value", properties("height: [\n 3\n ]"), "`height` is a list"],
    ["a value that is none of all", properties("colour: 'blue'"), "`colour` is 'blue', and has to be 'red' | 'green'."],
    ["a value that is none of the known ones", properties("finish: 'lack'"), "`finish` is 'lack'"],
    ["an item that is none of all", properties("rights: [\n 'burn'\n ]"), "is 'burn', and has to be 'read' | 'write'."],
    ["a number that is too large", properties("height: 301"), "`height` is 301, and has to be int from 10 up to 300."],
    ["what an item requires", properties("boards: [\n {\n wood: 'oak'\n }\n ]"), "an item of `boards` lacks `length`"],
    ["what an item of a loop requires", properties("boards: [for index in range(0, 3): {\n wood: 'oak'\n }]"), "lacks `length`"],
    ["a wrong branch of a condition", properties("colour: empty('') ? 'red' : 'blue'"), "`colour` is 'blue'"],
    [
      "a wrong value of a variable",
      `@description('x')\nvar high = 'x'\n${properties("height: high")}`,
      "`height` is 'x', and has to be int",
    ],
    [
      "a wrong type of a parameter",
      `@description('x')\nparam high string\n${properties("height: high")}`,
      "`height` is string, and has to be int",
    ],
    ["a wrong property in a union", shelf("properties: union({\n    hight: 10\n  }, {})"), "has `hight`"],
    ["what a resource requires", shelf("", "name: 'shelf'"), "lacks `location`, which Contoso.Wood/shelves requires."],
    ["a tag that is no string", shelf("tags: {\n    a: 3\n  }"), "`a` is 3, and has to be string."],
    ["a name that is too long", shelf("", "name: 'shelfshelfshelf'\n  location: 'here'"), "`name` is 15 characters long, not 3 to 10."],
    ["a name of other letters", shelf("", "name: 'Shelf'\n  location: 'here'"), "`name` does not match"],
    [
      "a name that is known too late",
      `${shelf("")}resource other 'Contoso.Wood/shelves@2026-01-01' = {\n  name: shelf.properties.serial\n  location: 'here'\n}\n`,
      "has to be known beforehand",
    ],
    [
      "a child of the kind that there is not",
      book("name: 'one'\n  kind: 'comic'"),
      "`kind` of the resource `book` has to be one of 'novel', 'atlas'.",
    ],
    ["what a child of its kind requires", book("name: 'one'\n  kind: 'novel'"), "lacks `author`"],
    ["a property of another kind", book("name: 'one'\n  kind: 'atlas'\n  author: 'x'"), "has `author`"],
    ["a child without its parent", book("name: 'one'\n  kind: 'atlas'", ""), "has no `parent`."],
    [
      "a child under a stranger",
      `${book("name: 'one'\n  kind: 'atlas'", "parent: other")}resource other 'Contoso.Wood/halls@2026-01-01' existing = {\n  name: 'hall'\n}\n`,
      "The parent of `book` has to be a Contoso.Wood/shelves",
    ],
    [
      "another version than the schema's",
      shelf("").replace("2026-01-01", "2025-01-01"),
      "is not the version of the schema, which is Contoso.Wood/shelves@2026-01-01.",
    ],
    [
      "a type that nobody has checked",
      "resource a 'Contoso.Wood/tables@2026-01-01' = {\n  name: 'x'\n}\n",
      "has no schema, and was not checked by hand.",
    ],
    [
      "a resource in the wrong place",
      "resource hall 'Contoso.Wood/halls@2026-01-01' = {\n  name: 'hall'\n}\n",
      "`hall` cannot be deployed to a resourceGroup.",
    ],
    [
      "what an existing resource is not identified by",
      `resource shelf 'Contoso.Wood/shelves@2026-01-01' existing = {\n  name: 'shelf'\n  location: 'here'\n}\n@description('x')\noutput o string = shelf.id\n`,
      "has `location`",
    ],
    [
      "a property of a resource that there is not",
      `${shelf("")}@description('x')\noutput o string = shelf.properties.cereal\n`,
      "There is no `cereal` in ShelfProperties (`shelf.properties`).",
    ],
    [
      "a resource inside of another",
      shelf("resource book 'books' = {\n    name: 'one'\n  }"),
      "something inside that is no property, which is not checked.",
    ],
  ])("tell %s", async (_what, text, message) => {
    expect(await problemsIn(text, await shelfSchemas())).toEqual(expect.arrayContaining([expect.stringContaining(message)]));
  });
});
