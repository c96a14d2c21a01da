import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { VARIABLES, type VariableKey, variable } from "../src/environment-contract.js";

const at = (path: string): URL => new URL(path, import.meta.url);
const bicep = readFileSync(at("../../main.bicep"), "utf8");
const variables = (Object.keys(VARIABLES) as VariableKey[]).map(variable);

/** What parameters take from the azd environment: parameter, variable, default. */
const parameters = [
  ...readFileSync(at("../../main.parameters.json"), "utf8").matchAll(/"(\w+)": \{\s*"value": "\$\{(\w+)(?:=([^}]*))?\}"/g),
].map(([, parameter = "", name = "", preset]) => ({ parameter, name, preset }));

describe("the variables of the azd environment", () => {
  it.each(
    variables.filter(({ from, parameter }) => from === "azd" || parameter).map(({ name, default: preset }) => [name, preset] as const),
  )("%s is what Bicep's parameter reads, with the same default", (name, preset) => {
    if (name === "AZURE_SUBSCRIPTION_ID") return expect(parameters.map((one) => one.name)).not.toContain(name);
    expect(parameters.filter((one) => one.name === name)).toEqual([
      { parameter: expect.any(String), name, preset: preset ?? (name.startsWith("AZURE_") ? undefined : "") },
    ]);
  });

  it("are written by the hooks where a parameter has neither a default nor azd behind it", () => {
    const needed = parameters.filter(({ name, preset }) => preset === undefined && !name.startsWith("AZURE_")).map(({ name }) => name);
    expect(needed.sort()).toEqual(["APPLICATION_CLIENT_ID", "APPLICATION_PRINCIPAL_ID"]);
    expect(variables.filter(({ from }) => from === "hook").map(({ name }) => name)).toEqual(expect.arrayContaining(needed));
  });

  it("have a default in Bicep where a hook writes them, since `azd up` asks for any other before it runs a hook", () => {
    const hooked = parameters.filter(({ name }) => variables.some((one) => one.name === name && one.from === "hook"));
    expect(hooked).toHaveLength(2);
    for (const { parameter } of hooked) expect(bicep).toMatch(new RegExp(`^param ${parameter} string = ''$`, "m"));
  });

  it.each(variables.filter(({ from }) => from === "output").map(({ name }) => name))("%s is an output of Bicep", (name) => {
    expect(bicep).toMatch(new RegExp(`^output ${name} string = `, "m"));
  });

  it.each(variables.flatMap(({ name, allowed }) => (allowed ? [[name, allowed] as const] : [])))(
    "%s takes what Bicep takes",
    (name, allowed) => {
      const parameter = parameters.find((one) => one.name === name)?.parameter;
      const [, list, type] = new RegExp(`(?:@allowed\\(\\[([^\\]]*)\\]\\)\\s)?param ${parameter} (\\w+)`).exec(bicep) ?? [];
      const taken = type === "bool" ? ["true", "false"] : list?.split(/\s+/).map((value) => value.replaceAll("'", ""));
      expect(taken?.filter(Boolean)).toEqual(allowed);
    },
  );

  it("are those that advice names", async () => {
    const folder = at("../src/");
    const sources = await Promise.all((await readdir(folder)).map((file) => readFile(new URL(file, folder), "utf8")));
    const named = new Set([...sources.join("\n").matchAll(/azd env set ([A-Z_]+)/g)].map(([, name]) => name));
    expect(named.size).toBeGreaterThan(5);
    expect(variables.map(({ name }) => name)).toEqual(expect.arrayContaining([...named]));
  });
});

describe("azure.yaml", () => {
  const { hooks, services } = parse(readFileSync(at("../../../azure.yaml"), "utf8")) as {
    hooks: Record<string, Record<string, unknown>>;
    services: Record<string, { readonly project: string }>;
  };

  it.each([
    ["preprovision", "preprovision"],
    ["postprovision", "postprovision"],
    ["predeploy", "predeploy"],
    ["prepackage", "predeploy"],
  ])("runs %s as TypeScript, installed by the repository's package manager", (name, script) => {
    expect(hooks[name]).toMatchObject({ run: `infra/hooks/${script}.ts`, kind: "ts", config: { packageManager: "pnpm" } });
    expect(existsSync(at(`../${script}.ts`))).toBe(true);
  });

  it("deploys a folder that there is, to the resource that has the service's name as its tag", () => {
    const functionApp = readFileSync(at("../../modules/function-app.bicep"), "utf8");
    const [[name, { project }] = ["", { project: "" }], ...others] = Object.entries(services);
    expect(others).toEqual([]);
    expect(functionApp).toContain(`'azd-service-name': '${name}'`);
    expect(existsSync(at(`../../../${project}/.funcignore`))).toBe(true);
  });
});

describe("the hooks' package", () => {
  it("names the repository's package manager, since azd looks for it beside the hooks", async () => {
    const [own, root] = await Promise.all(
      ["../package.json", "../../../package.json"].map(async (path) => JSON.parse(await readFile(at(path), "utf8")) as object),
    );
    expect(own).toHaveProperty("packageManager", Reflect.get(root ?? {}, "packageManager"));
  });

  it("has tsx, so that npx does not fetch any other", async () => {
    expect(JSON.parse(await readFile(at("../package.json"), "utf8"))).toHaveProperty("dependencies.tsx");
  });
});
