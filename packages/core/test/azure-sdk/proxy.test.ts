import { SecretClient } from "@azure/keyvault-secrets";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMtlsPopHttpClient, MtlsPopCredential } from "../../src/azure-sdk/index.js";
import { type ConnectProxy, startConnectProxy } from "../transport/connect-proxy.js";
import { bindingCertificate, startControlServer } from "../transport/control-servers.js";

const VAULT = "https://contoso.vault.azure.net";

let vault: Awaited<ReturnType<typeof startControlServer>>;
let proxy: ConnectProxy;
beforeAll(async () => {
  const body = JSON.stringify({ id: `${VAULT}/secrets/my-secret/1`, value: "s3cret", attributes: {} });
  const headers = { "content-type": "application/json" };
  vault = await startControlServer({ answersTo: () => true, handle: () => ({ status: 200, headers, body }) });
  proxy = await startConnectProxy({ port: vault.port });
});
afterAll(async () => {
  await proxy.close();
  await vault.close();
});

describe("an SDK client behind a proxy", () => {
  it("goes through the transport's once, whatever its own proxy policy would do", async () => {
    const bound = await bindingCertificate();
    const credential = new MtlsPopCredential({
      tokens: { acquireBoundToken: async () => ({ accessToken: "token", tokenType: "mtls_pop", bindingCertificate: bound }) },
    });
    const httpClient = createMtlsPopHttpClient({ credential, transport: proxy.transport() });
    // what the SDK would read of the environment, with the same effect: an agent of its own on each request
    const proxyOptions = { host: "http://nowhere.invalid", port: 1 };
    const secrets = new SecretClient(VAULT, credential, { httpClient, proxyOptions });
    expect((await secrets.getSecret("my-secret")).value).toBe("s3cret");
    expect(proxy.asked.map(({ target }) => target)).toEqual(["contoso.vault.azure.net:443"]);
    await httpClient.close();
  });
});
