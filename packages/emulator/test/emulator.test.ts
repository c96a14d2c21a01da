import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../src/index.js";
import { type BoundCaller, boundCaller } from "./bound-caller.js";

describe("a running emulator", () => {
  let emulator: Emulator;
  let caller: BoundCaller;
  beforeAll(async () => {
    emulator = await startEmulator();
    caller = await boundCaller(emulator);
  });
  afterAll(async () => {
    caller.close();
    await emulator.close();
  });

  it("issues a token that its vaults take over TLS 1.2", async () => {
    emulator.keyVault.secrets.set("my-secret", "s3cret");
    const headers = {
      authorization: `mtls_pop ${await caller.token("https://vault.azure.net/.default")}`,
      "x-ms-tokenboundauth": "true",
    };
    const answer = await caller
      .client({ maxVersion: "TLSv1.2" })
      .get(`${emulator.keyVault.url}/secrets/my-secret?api-version=7.4`, { headers });
    expect(answer.json()).toMatchObject({ value: "s3cret" });
  });

  it("issues a token that its Graph takes", async () => {
    const headers = { authorization: `mtls_pop ${await caller.token("https://graph.microsoft.com/.default")}` };
    const answer = await caller.client().get(`${emulator.graph.url}/v1.0/applications`, { headers });
    expect(answer.json()).toMatchObject({ value: [{ appId: caller.clientId }] });
  });

  it("issues a token that its custom API takes", async () => {
    const headers = { authorization: `pop ${await caller.token(emulator.customApi.scope)}` };
    const answer = await caller.client().get(`${emulator.customApi.url}/echo`, { headers });
    expect(answer.json()).toMatchObject({ clientId: caller.clientId, certificateSha256: caller.certificate.thumbprintSha256 });
  });
});
