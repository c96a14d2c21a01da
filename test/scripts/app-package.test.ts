import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Narrator } from "../../scripts/demo/narrator.js";
import { runCommand } from "../../scripts/demo/run-command.js";
import { packApp } from "../../scripts/deployment/app-package.js";
import { buildSample } from "./demo-under-test.js";

const committed = fileURLToPath(new URL("../../samples/keyvault-reader/app/", import.meta.url));
/** As azd installs what a JavaScript app depends on before it packs the app. */
const INSTALL = ["install", "--no-audit", "--no-fund", "--prefer-offline"];

let appRoot: string;
let archive: Uint8Array;

beforeAll(async () => {
  appRoot = await buildSample();
  for (const file of [".funcignore", ".gitignore", "local.settings.example.json"])
    await copyFile(join(committed, file), join(appRoot, file));
  await writeFile(join(appRoot, "local.settings.json"), "{}");
  await promisify(execFile)("npm", INSTALL, { cwd: appRoot });
  archive = await packApp(appRoot);
});

afterAll(() => rm(appRoot, { recursive: true }));

describe("the archive that is deployed", () => {
  it("holds the bundle, host.json and package.json, and nothing of the machine that made it", () => {
    const files = Object.keys(unzipSync(archive));
    expect(files.filter((path) => !/^dist\/[\w-]+\.mjs$/.test(path))).toEqual(["host.json", "package.json"]);
    expect(files).toContain("dist/main.mjs");
  });

  it("runs elsewhere, and reads its secret with a bound token", async () => {
    const file = join(await newFolder(), "app.zip");
    await writeFile(file, archive);
    const written: string[] = [];
    const narrator = new Narrator({ write: (text) => written.push(text) });
    const complain = (text: string) => void written.push(text);
    const code = await runCommand(["--app", file], { narrator, complain, stop: new AbortController().signal });
    expect({ code, said: written.join("") }).toEqual({ code: 0, said: expect.stringContaining("mtls_pop") });
  });

  it("is not what the demo plays when it lacks the bundle", async () => {
    const folder = await newFolder();
    for (const file of [".funcignore", "host.json", "package.json"]) await copyFile(join(appRoot, file), join(folder, file));
    const file = join(folder, "app.zip");
    await writeFile(file, await packApp(folder));
    const written: string[] = [];
    const narrator = new Narrator({ write: (text) => written.push(text) });
    const code = await runCommand(["--app", file], { narrator, complain: () => undefined, stop: new AbortController().signal });
    expect(code).toBe(1);
    expect(written.join("")).toContain("dist/main.mjs");
  });
});

describe("packing an app", () => {
  it("refuses a list that azd refuses", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, ".funcignore"), "src\nnode_modules\n");
    await expect(packApp(folder)).rejects.toThrow('.funcignore names node_modules, which azd refuses beside "remoteBuild: false"');
  });

  it("leaves out what the list names, in subfolders too, and local settings whatever it says", async () => {
    const folder = await newFolder();
    await mkdir(join(folder, "dist/parts"), { recursive: true });
    await writeFile(join(folder, ".funcignore"), "*.map\n");
    for (const file of ["host.json", "local.settings.json", "dist/main.mjs", "dist/parts/one.mjs", "dist/parts/one.mjs.map"]) {
      await writeFile(join(folder, file), file);
    }
    expect(Object.keys(unzipSync(await packApp(folder)))).toEqual(["dist/main.mjs", "dist/parts/one.mjs", "host.json"]);
  });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "app-package-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}
