import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SETTINGS } from "../../packages/functions-adapter/src/settings.js";
import { documentAt, ROOT } from "./documents.js";
import { codeBlocks, tableRows } from "./markdown.js";

const README = documentAt("README.md").text;
const { packageManager } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { packageManager: string };

describe("README.md", () => {
  it("begins with the two commands, on the pinned package manager", () => {
    expect(codeBlocks(README)[0]?.code.split("\n")).toEqual([`npx --yes ${packageManager} demo`, `npx --yes ${packageManager} test`]);
  });

  it("shows the demo in its present words", () => {
    const demo = codeBlocks(README).find(({ language }) => language === "text")?.code ?? "";
    const told = Array.from(demo.matchAll(/^✓ (?:replayed )?(.*?)(?:: refused)?(?: \(\d+ ms\))?$/gm), ([, words = ""]) => words);
    const folder = `${ROOT}scripts/demo/`;
    const sources = readdirSync(folder).map((name) => readFileSync(`${folder}${name}`, "utf8"));
    expect(told.length).toBeGreaterThan(5);
    expect(told.filter((words) => !sources.some((source) => source.includes(words)))).toEqual([]);
  });

  it.each(["README.md", "CONTRIBUTING.md"])("names no other version of the package manager anywhere in %s", (path) => {
    const named = documentAt(path).text.match(/\bpnpm@[\w.]+\d/g);
    expect(new Set(named)).toEqual(new Set([packageManager]));
  });

  it.each(["README.md", "packages/functions-adapter/README.md"])(
    "has every app setting of the adapter, in its order and words, in %s",
    (path) => {
      const rows = tableRows(documentAt(path).text, ["Setting", "Required", "What it is"]);
      const documented = rows.map((row) => ({ name: row.Setting, required: row.Required, description: row["What it is"] }));
      expect(documented.map(({ name }) => name)).toEqual(SETTINGS.map(({ name }) => name));
      expect(documented).toEqual(SETTINGS.map(({ name, required, description }) => ({ name, required, description })));
    },
  );

  it.each([
    'Token type is `"Bearer"` instead of `"mtls_pop"`',
    "`bindingCertificate` is `undefined`",
    "The resource returns 401 Unauthorized",
    "The certificate is not found in the store",
    "`AADSTS51000`",
    "`AADSTS392189`",
    "`AADSTS392196`",
    "`AADSTS392200`",
    "`AADSTS700027`",
    "behind a proxy",
  ])("has a row for the trouble: %s", (trouble) => {
    const row = tableRows(README, ["Problem", "Solution"]).find(({ Problem }) => Problem.includes(trouble));
    expect(row?.Solution).toMatch(/\w{3}/);
  });
});
