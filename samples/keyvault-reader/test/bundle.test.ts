import { readdir, readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DeployedSample, deployedSample } from "./deployed-sample.js";

let sample: DeployedSample;

beforeAll(async () => {
  sample = await deployedSample();
});

afterAll(() => sample.close());

const MODULE_NAME = /\b(?:__require\d*|require|import)\(\s*["']([^"']+)["']\s*\)|^\s*(?:import|export)\b[^"';]*?["']([^"']+)["'];/gm;

describe("the sample's build", () => {
  it("consists of one bundle, host.json and package.json", async () => {
    const files = await readdir(sample.appRoot, { recursive: true });
    expect(files.sort()).toEqual(["dist", join("dist", "main.mjs"), "host.json", "package.json"]);
  });

  it("needs nothing from node_modules but what the Functions host supplies", async () => {
    const bundle = await readFile(join(sample.appRoot, "dist/main.mjs"), "utf8");
    const names = new Set(Array.from(bundle.matchAll(MODULE_NAME), ([, called, declared]) => called ?? declared ?? ""));
    expect(names).toContain("node:tls");
    expect([...names].filter((name) => !isBuiltin(name))).toEqual(["@azure/functions-core"]);
  });

  it("has the repository's host.json", async () => {
    const read = async (file: string | URL): Promise<unknown> => JSON.parse(await readFile(file, "utf8"));
    expect(await read(join(sample.appRoot, "host.json"))).toEqual(await read(new URL("../../../host.json", import.meta.url)));
  });
});

describe("the sample's local.settings.example.json", () => {
  it("has the settings that the README explains, beside the host's own", async () => {
    const settings = JSON.parse(await readFile(new URL("../app/local.settings.example.json", import.meta.url), "utf8"));
    const own = Object.keys(settings.Values).filter((name) => /^(AZURE|KEY|CHECKED)_/.test(name));
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    expect(Array.from(readme.matchAll(/^\| `([A-Z_]+)`/gm), ([, name]) => name).sort()).toEqual(own.sort());
  });
});
