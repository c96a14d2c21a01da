import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { call, type DeployedSample, deployedSample, SECRET } from "./deployed-sample.js";

let sample: DeployedSample;

beforeAll(async () => {
  sample = await deployedSample();
});

afterEach(() => {
  sample.emulator.faults.clear();
  sample.emulator.keyVault.restrictTo("everyone");
});

afterAll(() => sample.close());

describe("GET /api/secrets/{name}", () => {
  it("gives the secret, read over a connection with the token's own certificate", async () => {
    const host = await sample.host();
    const response = await call(host, "secrets/my-secret");
    expect([response.status, response.headers.get("cache-control"), await response.json()]).toEqual([
      200,
      "no-store",
      expect.objectContaining({ value: SECRET }),
    ]);
    expect(sample.tokenRequests()[0]?.form).toMatchObject({ token_type: "mtls_pop", scope: "https://vault.azure.net/.default" });
    expect(sample.vaultRequests().at(-1)?.clientCertificate).toEqual(sample.certificate.certificateDer);
  });

  it("asks for one token, however often it is called", async () => {
    const host = await sample.host();
    for (let i = 0; i < 3; i++) await (await call(host, "secrets/my-secret")).text();
    expect(sample.tokenRequests()).toHaveLength(1);
  });

  it("answers 400 to what is no name of a secret, before the vault is called", async () => {
    const host = await sample.host();
    const names = ["a_b", "a.b", "a%2Fb", "..%2Fkeys", "a%3Fb", "a%23b", "a%00", "my-secret%0A", "ä", "a%20b", "x".repeat(128)];
    for (const name of names) expect([name, (await call(host, `secrets/${name}`)).status]).toEqual([name, 400]);
    expect(sample.vaultRequests()).toEqual([]);
  });

  it("takes a name of 127 characters, and passes on that there is no such secret", async () => {
    const host = await sample.host();
    const response = await call(host, `secrets/${"x".repeat(127)}`);
    expect([response.status, await response.json()]).toEqual([404, { error: expect.objectContaining({ code: "SecretNotFound" }) }]);
  });

  it.each([{}, { "x-functions-key": "wrong" }])("answers 401 to the key %j, and calls nobody for it", async (headers) => {
    const host = await sample.host();
    expect((await fetch(`${host.url}/api/secrets/my-secret`, { headers })).status).toBe(401);
    expect(sample.vaultRequests()).toEqual([]);
  });

  it("answers 502 without the vault's words when the vault refuses this app, and logs them", async () => {
    const host = await sample.host();
    sample.emulator.keyVault.restrictTo([]);
    const response = await call(host, "secrets/my-secret");
    expect([response.status, await response.text()]).toEqual([502, '{"error":{"code":"vault_refused"}}']);
    expect(host.logs).toContainEqual(
      expect.objectContaining({ level: "error", message: expect.stringMatching(/^The vault answered 403: .*Forbidden/s) }),
    );
  });

  it.each([
    ["throttle", 429, 7],
    ["throttle", 429, undefined],
    // longer than a call waits for by itself
    ["unavailable", 503, 70],
    ["unavailable", 503, undefined],
  ] as const)("passes on the vault's %s as %i, and Retry-After when it says %s, without its words", async (kind, status, seconds) => {
    const host = await sample.host();
    sample.emulator.faults.add({ on: "key-vault", kind, ...(seconds !== undefined && { retryAfterSeconds: seconds }) });
    const response = await call(host, "secrets/my-secret");
    const wait = seconds === undefined ? null : String(seconds);
    expect([response.status, response.headers.get("retry-after"), response.headers.get("cache-control")]).toEqual([
      status,
      wait,
      "no-store",
    ]);
    expect(await response.text()).toBe('{"error":{"code":"vault_unavailable"}}');
    expect(host.logs.at(-1)?.message).toMatch(new RegExp(`^The vault answered ${status}: `));
  });

  it("answers 503 with Retry-After while Entra throttles", async () => {
    sample.emulator.faults.add({ on: "token", kind: "throttle", retryAfterSeconds: 9, times: 2 });
    const host = await sample.host();
    const response = await call(host, "secrets/my-secret");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, expect.stringMatching(/^[1-9]$/)]);
  });

  it("answers 500 and logs the names of the settings that are missing", async () => {
    const host = await sample.host({ AZURE_CLIENT_ID: "", KEY_VAULT_URL: "" });
    const response = await call(host, "secrets/my-secret");
    expect([response.status, await response.json()]).toEqual([500, { error: expect.objectContaining({ code: "settings_missing" }) }]);
    expect(host.logs.at(-1)?.message).toMatch(/AZURE_CLIENT_ID.*KEY_VAULT_URL/);
  });
});
