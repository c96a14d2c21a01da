import { createHash } from "node:crypto";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../src/index.js";
import { type Machine, machineOf } from "./machine-client.js";

let emulator: Emulator;
let machine: Machine;
beforeAll(async () => {
  emulator = await startEmulator();
  machine = await machineOf(emulator);
});
afterAll(async () => {
  machine.client.close();
  await emulator.close();
});

const thumbprint = () => createHash("sha256").update(machine.certificate.raw).digest("base64url");

describe("flow (3), a managed identity's token", () => {
  it("is bound to the issued certificate and says whose it is", async () => {
    const { token_type, access_token } = await machine.ask();
    const { clientId, objectId, tenantId } = emulator.managedIdentities.systemAssigned;
    expect(token_type).toBe("mtls_pop");
    expect(decodeJwt(String(access_token))).toMatchObject({
      aud: "https://vault.azure.net",
      appid: clientId,
      azp: clientId,
      oid: objectId,
      sub: objectId,
      tid: tenantId,
      idtyp: "app",
      cnf: { "x5t#S256": thumbprint() },
    });
  });

  it("is taken by Graph over a connection with that certificate", async () => {
    const { access_token } = await machine.ask({ scope: "https://graph.microsoft.com/.default" });
    const headers = { authorization: `mtls_pop ${access_token}` };
    expect((await machine.client.get(`${emulator.graph.url}/v1.0/applications`, { headers })).status).toBe(200);
  });
});
