import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { inChild } from "../child.js";
import { type VaultHost, vaultHost } from "./vault-host.js";

let host: VaultHost;
beforeAll(async () => {
  host = await vaultHost();
});
afterEach(() => host.reset());
afterAll(() => host.close());

const PACKAGES = ["@azure/identity", "@azure/keyvault-certificates", "@azure/keyvault-secrets"];

describe("a process", () => {
  it("that has read its certificate ends by itself, with nothing closed", async () => {
    const { clientId } = host.anIdentity();
    const { issued } = await host.putNew();
    const code = `
      import { certificateFromKeyVault } from "../src/key-vault/index.js";
      const lookup = (name, options, done) =>
        options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
      const clientOptions = { disableChallengeResourceVerification: true };
      const transport = { ca: process.env.CA, lookup };
      const source = certificateFromKeyVault({ vaultUrl: process.env.VAULT, name: "orders", transport, clientOptions });
      const { thumbprint } = await source();
      console.log(JSON.stringify(thumbprint));`;
    const env = {
      ...host.emulator.appService.environment,
      MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: clientId,
      CA: host.emulator.ca,
      VAULT: host.vault.url,
    };
    expect(await inChild(code, { env })).toBe(issued.thumbprint);
  });

  it.each(PACKAGES)("without %s is told the command that installs it, at the first use", async (name) => {
    const code = `
      import { certificateFromKeyVault } from "../src/key-vault/index.js";
      const source = certificateFromKeyVault({ vaultUrl: "https://contoso.vault.azure.net", name: "orders" });
      const { code, message } = await source().catch((error) => error);
      console.log(JSON.stringify({ code, message }));`;
    expect(await inChild(code, { external: [name] })).toEqual({
      code: "package_missing",
      message: expect.stringContaining(`${name}, with which`),
    });
    expect(await inChild(code, { external: [name] })).toMatchObject({
      message: expect.stringContaining(`npm install ${PACKAGES.join(" ")}`),
    });
  });
});

it("the main entry has nothing of it", async () => {
  const entry = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
  const { metafile } = await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", write: false, metafile: true });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.some((path) => path.includes("core/src/certificate/"))).toBe(true);
  expect(inputs.filter((path) => path.includes("core/src/key-vault/") || path.includes("node_modules/@azure"))).toEqual([]);
});
