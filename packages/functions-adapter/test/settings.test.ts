import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { SETTINGS, setting } from "../src/settings.js";

describe("an app setting", () => {
  it("is taken without the white space around it, and empty is not set", () => {
    const env = { AZURE_CLIENT_ID: " orders\n", AZURE_TENANT_ID: " \t" };
    expect([setting(env, "AZURE_CLIENT_ID"), setting(env, "AZURE_TENANT_ID"), setting(env, "NONE")]).toEqual([
      "orders",
      undefined,
      undefined,
    ]);
  });

  it("stands in the package's README, all of them and no others", async () => {
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    const rows = readme.split("\n").map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));
    const settings = rows.filter(([, name = ""]) => /^[A-Z0-9]+_[A-Z0-9_]+$/.test(name));
    expect(settings.map(([, name, required, description]) => ({ name, required, description }))).toEqual(SETTINGS);
  });
});
