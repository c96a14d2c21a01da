import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { documentAt, ROOT } from "./documents.js";
import { tableRows } from "./markdown.js";

const { text } = documentAt("docs/fetch.md");
const standard = tableRows(text, ["Id", "What", "Here", "Standard"]);
const beyond = tableRows(text, ["Id", "Promise", "By"]);
const documented = [...standard, ...beyond].map(({ Id }) => Id);

/** Families of ids that stand on this page and nowhere else; those of other families have a page, or a matrix, of their own. */
const OWN = /^(?:FETCH|CALL|RETRY|REBIND|ROTATE|BOUNDS)-\d\d$/;

/** The ids that names of core's tests begin with. */
const tested = new Set(
  readdirSync(`${ROOT}packages/core/test`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => readFileSync(`${ROOT}packages/core/test/${name}`, "utf8"))
    .flatMap((source) => Array.from(source.matchAll(/(?<!\bdescribe)\(\s*["'`]([A-Z]+-\d\d) /g), ([, id = ""]) => id)),
);

describe("docs/fetch.md", () => {
  it("has a test for each row, and a row for each test that names one", () => {
    expect(documented.filter((id) => !tested.has(id))).toEqual([]);
    expect([...tested].filter((id) => OWN.test(id) && !documented.includes(id))).toEqual([]);
  });

  it("has each row once, and what it says in every column", () => {
    expect(new Set(documented).size).toBe(documented.length);
    expect([...standard, ...beyond].filter((row) => Object.values(row).some((cell) => cell === ""))).toEqual([]);
  });

  it("has the matrix's rows of a resource call", () => {
    expect(documented.filter((id) => id.startsWith("CALL-"))).toEqual(Array.from({ length: 7 }, (_, index) => `CALL-0${index + 1}`));
  });

  it("names a section of the Fetch standard in each row of the first part, and one of a document in each of the second", () => {
    expect(standard.filter((row) => !/^\[([\w-]+)\]\(https:\/\/fetch\.spec\.whatwg\.org\/#\1\)$/.test(row.Standard))).toEqual([]);
    const source =
      /^\[RFC (\d+) section ([\d.]+)\]\(https:\/\/www\.rfc-editor\.org\/rfc\/rfc\1#section-\2\)$|^\[PROTOCOL\.md\]\(\.\.\/PROTOCOL\.md\), section \d+$/;
    expect(beyond.filter((row) => !source.test(row.By))).toEqual([]);
  });
});
