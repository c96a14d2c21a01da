import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { inChild } from "../child.js";
import { startRawServer } from "../transport/control-servers.js";
import { type VaultHost, vaultHost } from "./vault-host.js";

let host: VaultHost;
beforeAll(async () => {
  host = await vaultHost();
});
afterEach(() => host.reset());
afterAll(() => host.close());

const PACKAGES = ["@azure/identity", "@azure/keyvault-certificates", "@azure/keyvault-secrets"];

describe("a process", () => {
  /** The thumbprint of the certificate that a process of its own reads, as the app of an identity. */
  async function read(over: Record<string, string> = {}): Promise<unknown> {
    const { clientId } = host.anIdentity();
    const code = `
      import { certificateFromKeyVault } from "../src/key-vault/index.js";
      const lookup = (name, options, done) =>
        options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
      const clientOptions = { disableChallengeResourceVerification: true };
      const transport = { ca: process.env.CA, lookup, proxy: false };
      const source = certificateFromKeyVault({ vaultUrl: process.env.VAULT, name: "orders", transport, clientOptions });
      const { thumbprint } = await source();
      console.log(JSON.stringify(thumbprint));`;
    const env = {
      ...host.emulator.appService.environment,
      MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: clientId,
      CA: host.emulator.ca,
      VAULT: host.vault.url,
      ...over,
    };
    return inChild(code, { env });
  }

  it("that has read its certificate ends by itself, with nothing closed", async () => {
    const { issued } = await host.putNew();
    expect(await read()).toBe(issued.thumbprint);
  });

  it("asks the host's identity past the proxy of the environment, to which the SDK by itself would lead it", async () => {
    const { issued } = await host.putNew();
    let proxied = 0;
    const proxy = await startRawServer((socket) => {
      proxied++;
      socket.end("HTTP/1.1 502 Proxied\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    const url = proxy.url("http");
    url.hostname = "127.0.0.1";
    expect(await read({ HTTPS_PROXY: url.origin, HTTP_PROXY: url.origin })).toBe(issued.thumbprint);
    expect(proxied).toBe(0);
    await proxy.close();
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
