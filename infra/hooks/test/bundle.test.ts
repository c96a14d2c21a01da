import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildBundle } from "../src/bundle.js";

const path = process.env["PATH"] ?? "";
let repository: string;
beforeEach(async () => {
  repository = await mkdtemp(join(tmpdir(), "bundle-"));
  await writeFile(join(repository, "package.json"), JSON.stringify({ packageManager: "pnpm@10.34.9+sha512.abc" }));
  process.env["PATH"] = `${repository}${delimiter}${path}`;
});
afterEach(async () => {
  process.env["PATH"] = path;
  await rm(repository, { recursive: true });
});

/** Puts an `npx` on PATH that does this; how it was called is in its `args`. */
async function npx(code: string): Promise<void> {
  await writeFile(
    join(repository, "npx"),
    `#!${process.execPath}\nconst fs = require("node:fs"); const args = process.argv.slice(2);\n${code}`,
  );
  await chmod(join(repository, "npx"), 0o755);
}

async function build(): Promise<string> {
  const said: string[] = [];
  await buildBundle({ say: (line) => said.push(line), signal: new AbortController().signal }, repository);
  return said.join("\n");
}

describe("predeploy", () => {
  it("builds with the pnpm that the repository names, and looks for what azd packs", async () => {
    await mkdir(join(repository, "samples/keyvault-reader/app/dist"), { recursive: true });
    await npx(`
      if (args.join(" ") !== "--yes pnpm@10.34.9 run build") process.exit(7);
      for (const file of ["host.json", "package.json", "dist/main.mjs"]) fs.writeFileSync("samples/keyvault-reader/app/" + file, "");`);
    expect(await build()).toContain("ready to be packed");
    expect(await build()).toContain("ready to be packed");
  });

  it("stops where the build fails, or leaves nothing", async () => {
    await npx("process.exit(3);");
    await expect(build()).rejects.toThrow(/`npx --yes pnpm@10\.34\.9 run build` ended with 3/);
    await npx("");
    await expect(build()).rejects.toThrow(/left no host\.json/);
  });

  it("puts nothing but a version of pnpm into the command", async () => {
    await writeFile(join(repository, "package.json"), JSON.stringify({ packageManager: "pnpm@1 & calc" }));
    await expect(build()).rejects.toThrow(/names no pnpm/);
  });

  it("says so when there is no npx", async () => {
    process.env["PATH"] = repository;
    await expect(build()).rejects.toMatchObject({
      message: "The program npx was not found.",
      help: expect.stringContaining("Install npx"),
    });
  });
});
