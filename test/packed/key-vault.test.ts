import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { addConsumer, runNode } from "./project.js";

const { core, azureSdk } = inject("projects");
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

it.each(["module", "commonjs"] as const)("compiles and reads a certificate from Key Vault in a %s", async (kind) => {
  const file = kind === "module" ? "vault.mts" : "vault.cts";
  await addConsumer(azureSdk, "key-vault.ts", file);
  const compilerOptions = { strict: true, skipLibCheck: false, target: "ES2022", module: "nodenext", types: ["node"], outDir: "compiled" };
  await writeFile(join(azureSdk, `tsconfig.${kind}.json`), JSON.stringify({ compilerOptions, files: [file] }));
  expect((await runNode(azureSdk, [tsc, "--project", `tsconfig.${kind}.json`])).stdout).toBe("");
  const compiled = `./compiled/${file.replace("ts", "js")}`;
  const load = kind === "module" ? `await import("${compiled}")` : `require("${compiled}")`;
  const code = `(async () => console.log(JSON.stringify(await (${load}).read())))()`;
  const { stdout } = await runNode(azureSdk, [`--input-type=${kind}`, "--eval", code]);
  expect(JSON.parse(stdout)).toEqual({ isThatOne: true, sameClass: true });
});

it("loads where nothing of the SDK is installed, and says then what to install", async () => {
  const code = `
    import { MtlsPopError } from "@mtls-pop/core";
    import { certificateFromKeyVault } from "@mtls-pop/core/key-vault";
    const source = certificateFromKeyVault({ vaultUrl: "https://contoso.vault.azure.net", name: "orders" });
    const error = await source().catch((error) => error);
    console.log(error instanceof MtlsPopError, error.message);`;
  const { stdout } = await runNode(core, ["--input-type=module", "--eval", code]);
  expect(stdout).toMatch(/^true .*npm install @azure\/identity @azure\/keyvault-certificates @azure\/keyvault-secrets/);
});
