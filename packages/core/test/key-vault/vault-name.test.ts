import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startConnectProxy } from "../transport/connect-proxy.js";
import { type VaultHost, vaultHost } from "./vault-host.js";

// in a file of its own: MSAL remembers for the life of the process where the first identity came from
let host: VaultHost;
let vaultUrl: string;
beforeAll(async () => {
  host = await vaultHost({ clouds: true, keyVault: { mode: "optional" } });
  const { keyVault } = host.emulator;
  keyVault.certificates.import("orders", `${host.issued.chainPem}${host.issued.privateKeyPem}`);
  vaultUrl = `https://contoso.vault.azure.net:${new URL(keyVault.url).port}`;
});
afterEach(() => host.reset());
afterAll(() => host.close());

describe("a vault by its own name", () => {
  it("passes the SDK's check of who may be sent the token", async () => {
    host.anIdentity();
    expect(await host.source({ vaultUrl, clientOptions: undefined })()).toMatchObject({ thumbprint: host.certificate.thumbprint });
  });

  it("is read through the proxy that `transport` names, and over one connection", async () => {
    host.anIdentity();
    const proxy = await startConnectProxy();
    const transport = proxy.transport({ ca: host.emulator.ca });
    const clientOptions = { retryOptions: { maxRetries: 0 } };
    expect(await host.source({ vaultUrl, transport, clientOptions })()).toMatchObject({ thumbprint: host.certificate.thumbprint });
    expect(proxy.asked.map(({ target }) => target)).toEqual([new URL(vaultUrl).host]);
    expect(proxy.asked.every(({ sent }) => !Buffer.concat(sent).includes("Bearer"))).toBe(true);
    await proxy.close();
  });

  it("that the proxy does not let us reach is refused in the proxy's words", async () => {
    host.anIdentity();
    const proxy = await startConnectProxy({ answer: (socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n") });
    const transport = proxy.transport({ ca: host.emulator.ca });
    const clientOptions = { retryOptions: { maxRetries: 0 } };
    const failed = Promise.resolve(host.source({ vaultUrl, transport, clientOptions })());
    await expect(failed).rejects.toMatchObject({ code: "proxy_refused", message: expect.stringContaining("403") });
    await proxy.close();
  });
});
