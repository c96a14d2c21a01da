import { existsSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { DOCUMENTS, documentAt, ROOT, sourceFiles } from "./documents.js";
import { anchors, codeBlocks, linkTargets, prose, tableRows } from "./markdown.js";

const paths = DOCUMENTS.map(({ path }) => path);
const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { scripts: Record<string, string> };
const { bin } = JSON.parse(readFileSync(`${ROOT}packages/emulator/package.json`, "utf8")) as { bin: Record<string, string> };

/** pnpm's own commands that a document may name. */
const PNPM_COMMANDS = ["install", "exec", "changeset"];

describe("the documents", () => {
  it("are there, those that a repository is expected to have and one for each package", () => {
    const expected = [
      "README.md",
      "ARCHITECTURE.md",
      "PROTOCOL.md",
      "CONTRIBUTING.md",
      "SECURITY.md",
      "docs/certificates.md",
      "docs/errors.md",
      "docs/fetch.md",
      "docs/identities.md",
      "docs/interop.md",
      "docs/protecting-an-api.md",
    ];
    const packages = ["core", "functions-adapter", "emulator"].map((name) => `packages/${name}/README.md`);
    expect(paths).toEqual(expect.arrayContaining([...expected, ...packages]));
  });

  it.each(paths)("link to files and headings that exist, in %s", (path) => {
    const broken = linkTargets(documentAt(path).text)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !reaches(path, target));
    expect(broken).toEqual([]);
  });

  it.each(paths)("name commands that exist, in %s", (path) => {
    const { text } = documentAt(path);
    const shell = codeBlocks(text)
      .filter(({ language }) => language === "sh")
      .map(({ code }) => code);
    const inline = prose(text).match(/`[^`\n]+`/g) ?? [];
    const commands = [...shell, ...inline].join("\n");
    const unknown = Array.from(commands.matchAll(/\bpnpm(?:@[\d.]+)? (?:run )?(?!-)([\w:]+)/g), ([, name = ""]) => name)
      .filter((name) => !(name in scripts) && !PNPM_COMMANDS.includes(name))
      .map((name) => `pnpm ${name}`);
    const executables = Array.from(commands.matchAll(/\bnpx (mtls-pop[\w-]*)/g), ([, name = ""]) => name).filter((name) => !(name in bin));
    expect([...unknown, ...executables]).toEqual([]);
  });

  it.each(paths)("name no path of somebody's machine, in %s", (path) => {
    expect(documentAt(path).text).not.toMatch(/\/(home|Users|root|work|tmp)\/|[A-Z]:\\/);
  });
});

describe("PROTOCOL.md", () => {
  it("has every section that a comment in the sources names", () => {
    const sections = Array.from(documentAt("PROTOCOL.md").text.matchAll(/^## (\d+)\. /gm), ([, number = ""]) => number);
    const named = (["core", "functions-adapter", "emulator"] as const)
      .flatMap(sourceFiles)
      .flatMap(({ text }) =>
        Array.from(text.matchAll(/PROTOCOL\.md,? sections? (\d+(?:(?:, | and )\d+)*)/g), ([, numbers = ""]) => numbers),
      )
      .flatMap((numbers) => numbers.split(/, | and /));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((number) => !sections.includes(number))).toEqual([]);
  });
});

describe("ARCHITECTURE.md", () => {
  it("has every folder of core, and no other", () => {
    const listed = tableRows(documentAt("ARCHITECTURE.md").text, ["Folder of core", "What it does"]);
    const folders = readdirSync(`${ROOT}packages/core/src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(listed.map((row) => row["Folder of core"]).sort()).toEqual(folders.map(({ name }) => `${name}/`).sort());
  });
});

describe("SECURITY.md", () => {
  it("names for everything that an attacker cannot do a test that tries it", () => {
    const rows = tableRows(documentAt("SECURITY.md").text, ["Cannot", "Because", "Tried in"]);
    const untried = rows.filter((row) => linkTargets(row["Tried in"]).every((target) => !/\.test\.ts$/.test(target)));
    expect(rows.length).toBeGreaterThan(0);
    expect(untried).toEqual([]);
  });
});

function reaches(from: string, target: string): boolean {
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? from : posix.join(posix.dirname(from), file);
  if (!existsSync(`${ROOT}${path}`)) return false;
  return anchor === undefined || anchors(documentAt(path).text).includes(anchor);
}
