import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { addConsumer, runNode } from "./project.js";

const { core, azureSdk } = inject("projects");
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

it.each(["module", "commonjs"] as const)("compiles against the SDK's clients and calls with them from a %s", async (kind) => {
  const file = kind === "module" ? "consumer.mts" : "consumer.cts";
  await addConsumer(azureSdk, "azure-sdk.ts", file);
  const compilerOptions = { strict: true, skipLibCheck: false, target: "ES2022", module: "nodenext", types: ["node"], outDir: "compiled" };
  await writeFile(join(azureSdk, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
  expect((await runNode(azureSdk, [tsc, "--project", "tsconfig.json"])).stdout).toBe("");
  const compiled = `./compiled/${file.replace("ts", "js")}`;
  const load = kind === "module" ? `await import("${compiled}")` : `require("${compiled}")`;
  const code = `(async () => console.log(JSON.stringify(await (${load}).read())))()`;
  const { stdout } = await runNode(azureSdk, [`--input-type=${kind}`, "--eval", code]);
  expect(JSON.parse(stdout)).toEqual({ value: "read by the SDK", sameClasses: true });
});

it("needs no package of the SDK to be loaded", async () => {
  const code = 'console.log(Object.keys(await import("@mtls-pop/core/azure-sdk")).join())';
  expect((await runNode(core, ["--input-type=module", "--eval", code])).stdout).toBe("MtlsPopCredential,createMtlsPopHttpClient\n");
});

it("is no part of what the main entry loads", async () => {
  const lone = await mkdtemp(join(tmpdir(), "mtls-pop-without-sdk-"));
  try {
    const folder = join(lone, "node_modules/@mtls-pop/core");
    await mkdir(folder, { recursive: true });
    await cp(join(core, "node_modules/@mtls-pop/core"), folder, { recursive: true });
    await rm(join(folder, "dist/azure-sdk"), { recursive: true });
    const code = 'console.log(typeof (await import("@mtls-pop/core")).createPopFetch)';
    expect((await runNode(lone, ["--input-type=module", "--eval", code])).stdout).toBe("function\n");
  } finally {
    await rm(lone, { recursive: true });
  }
});
