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
  it("consists of the bundle's files, host.json and package.json", async () => {
    const files = await readdir(sample.appRoot);
    expect(files.sort()).toEqual(["dist", "host.json", "package.json"]);
    const bundle = await readdir(join(sample.appRoot, "dist"));
    expect(bundle).toContain("main.mjs");
    expect(bundle.filter((name) => !/^[\w-]+\.mjs$/.test(name))).toEqual([]);
  });

  it("has what reads Key Vault for a certificate in files that no other start reads", async () => {
    const SDK = /node_modules\/@azure\/(?:identity|keyvault-|core-|msal)/;
    const dist = join(sample.appRoot, "dist");
    const read = new Set<string>();
    const follow = async (name: string): Promise<void> => {
      if (read.has(name)) return;
      read.add(name);
      const text = await readFile(join(dist, name), "utf8");
      expect(text, name).not.toMatch(SDK);
      for (const [, next = ""] of text.matchAll(/\bfrom "\.\/([^"]+)"/g)) await follow(next);
    };
    await follow("main.mjs");
    const rest = (await readdir(dist)).filter((name) => !read.has(name));
    const texts = await Promise.all(rest.map((name) => readFile(join(dist, name), "utf8")));
    for (const name of ["identity", "keyvault-certificates", "keyvault-secrets"]) {
      expect(texts.some((text) => text.includes(`node_modules/@azure/${name}/`))).toBe(true);
    }
  });

  it("needs nothing from node_modules but what the Functions host supplies", async () => {
    const dist = join(sample.appRoot, "dist");
    const texts = await Promise.all((await readdir(dist)).map((name) => readFile(join(dist, name), "utf8")));
    const found = texts.flatMap((text) => Array.from(text.matchAll(MODULE_NAME), ([, called, declared]) => called ?? declared ?? ""));
    const names = new Set(found.filter((name) => !name.startsWith("./")));
    expect(names).toContain("node:tls");
    // the colours of a logger beneath the Azure SDK, asked for in a `try`
    names.delete("supports-color");
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
