import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readBicepFolder } from "../../../scripts/check-infra/bicep-folder.js";
import { HAND_CHECKED_TYPES } from "../../../scripts/check-infra/hand-checked-types.js";

const INFRA = fileURLToPath(new URL("../../../infra/", import.meta.url));
const readme = await readFile(`${INFRA}README.md`, "utf8");
const cells = new Set(Array.from(readme.matchAll(/^\| \[?`([^`]+)`/gm), ([, cell = ""]) => cell));

describe("infra/README.md", () => {
  it("has every variable that is a parameter, with its default", async () => {
    const parameters = await readFile(`${INFRA}main.parameters.json`, "utf8");
    for (const [, name = "", preset] of parameters.matchAll(/\$\{(\w+)(?:=([^}]*))?\}/g)) {
      expect(readme).toMatch(new RegExp(`^\\| \`${name}\` +\\| ${preset ? `\`${preset}\`` : ""}`, "m"));
    }
  });

  it("has every output", async () => {
    const main = (await readBicepFolder(INFRA)).find(({ path }) => path === "main.bicep");
    expect(main?.outputs.map(({ name }) => name).filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  it("has every Bicep file", async () => {
    expect((await readBicepFolder(INFRA)).map(({ path }) => path).filter((path) => !cells.has(path))).toEqual([]);
  });

  it("has every type that was checked by hand", () => {
    expect([...HAND_CHECKED_TYPES.keys()].filter((type) => !cells.has(type))).toEqual([]);
  });
});
