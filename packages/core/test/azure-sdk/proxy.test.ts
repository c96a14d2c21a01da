import { SecretClient } from "@azure/keyvault-secrets";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMtlsPopHttpClient, MtlsPopCredential } from "../../src/azure-sdk/index.js";
import { failure } from "../failure.js";
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

/** The client, with what the SDK would read of the environment to the same effect: an agent of its own on each request. */
async function behind({ transport }: ConnectProxy) {
  const bound = await bindingCertificate();
  const credential = new MtlsPopCredential({
    tokens: { acquireBoundToken: async () => ({ accessToken: "token", tokenType: "mtls_pop", bindingCertificate: bound }) },
  });
  const httpClient = createMtlsPopHttpClient({ credential, transport: transport() });
  const proxyOptions = { host: "http://nowhere.invalid", port: 1 };
  const retryOptions = { retryDelayInMs: 1 };
  return { httpClient, secrets: new SecretClient(VAULT, credential, { httpClient, proxyOptions, retryOptions }) };
}

describe("an SDK client behind a proxy", () => {
  it("goes through the transport's once, whatever its own proxy policy would do", async () => {
    const { httpClient, secrets } = await behind(proxy);
    expect((await secrets.getSecret("my-secret")).value).toBe("s3cret");
    expect(proxy.asked.map(({ target }) => target)).toEqual(["contoso.vault.azure.net:443"]);
    await httpClient.close();
  });

  it("is tried again by the SDK, in any method, when the proxy could not reach the host, and not when it does not want to", async () => {
    let refusals = 2;
    let status = "503 Service Unavailable";
    const moody = await startConnectProxy({
      port: vault.port,
      answer: (socket) => (refusals-- > 0 ? socket.end(`HTTP/1.1 ${status}\r\n\r\n`) : "tunnel"),
    });
    const { httpClient, secrets } = await behind(moody);
    expect((await secrets.setSecret("my-secret", "s3cret")).value).toBe("s3cret");
    expect(moody.asked).toHaveLength(3);
    await httpClient.close();
    const other = await behind(moody);
    [refusals, status] = [100, "403 Forbidden"];
    expect(await failure(other.secrets.getSecret("my-secret"))).toMatchObject({
      name: "MtlsPopError",
      code: "proxy_refused",
      statusCode: 403,
    });
    await other.httpClient.close();
    await moody.close();
  });
});
