import { app } from "@azure/functions";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { tokensFromSettings, withMtlsPop } from "../src/index.js";
import { type FederatedApps, federatedApps } from "./federated-apps.js";
import { SECRET, secretPath, VAULT_SCOPE, vault } from "./local-app.js";

let apps: FederatedApps;

beforeAll(async () => {
  apps = await federatedApps();
});

afterEach(() => {
  apps.emulator.managedIdentities.imdsVersion = 2;
  apps.emulator.managedIdentities.attestation = "optional";
});

afterAll(() => apps.close());

const register = () => {
  const tokens = tokensFromSettings();
  app.http("bound", {
    handler: withMtlsPop({ resources: { vault } }, async (_request, _context, clients) => {
      return { jsonBody: await (await clients.vault(secretPath)).json() };
    }),
  });
  app.http("bearer", {
    handler: withMtlsPop(async (request) => {
      const scopes = (request.query.get("scopes") ?? VAULT_SCOPE).split(" ");
      const { accessToken } = await tokens.acquireBearerToken({ scopes });
      return { jsonBody: await apps.readWithBearer(accessToken) };
    }),
  });
};

const IDENTITIES = [
  ["MTLS_POP_MANAGED_IDENTITY_CLIENT_ID", "clientId", "client_id"],
  ["MTLS_POP_MANAGED_IDENTITY_RESOURCE_ID", "resourceId", "mi_res_id"],
  ["MTLS_POP_MANAGED_IDENTITY_OBJECT_ID", "objectId", "object_id"],
] as const;

/** The settings of the user-assigned identity under one of its names, beside an application that is not asked. */
function settings(name: string, id: string | undefined) {
  const { MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: _, ...others } = apps.settings["managed identity"];
  return { ...others, MTLS_POP_CREDENTIAL: "managed-identity", ...(id !== undefined && { [name]: id }) };
}

describe("a Functions app whose settings say managed-identity", () => {
  it.each(IDENTITIES)("reads the vault's secret with a bound token of the identity that %s names", async (name, member, parameter) => {
    const host = await apps.host(register, settings(name, apps.identity[member]));
    const response = await fetch(`${host.url}/api/bound`);
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ value: SECRET })]);
    const asked = apps.requests("instance-metadata");
    expect(asked.map(({ query }) => query[parameter])).toEqual([apps.identity[member], apps.identity[member]]);
    const [token, ...more] = apps.requests("token");
    expect(more).toEqual([]);
    expect(token?.form).toMatchObject({ client_id: apps.identity.clientId, scope: VAULT_SCOPE, token_type: "mtls_pop" });
    expect(apps.requests("key-vault").at(-1)?.clientCertificate).toEqual(token?.clientCertificate);
  });

  it("is the system-assigned identity when none is named, and never AZURE_CLIENT_ID's", async () => {
    const host = await apps.host(register, settings("", undefined));
    expect((await fetch(`${host.url}/api/bound`)).status).toBe(200);
    expect(apps.requests("token")[0]?.form?.["client_id"]).toBe(apps.emulator.managedIdentities.systemAssigned.clientId);
  });

  it("reads it with a Bearer token where that is asked for, on a virtual machine and on App Service", async () => {
    const { environment } = apps.emulator.appService;
    for (const [env, server] of [[{}, "instance-metadata"] as const, [environment, "app-service"] as const]) {
      const host = await apps.host(register, { ...settings("MTLS_POP_MANAGED_IDENTITY_CLIENT_ID", apps.identity.clientId), ...env });
      const response = await fetch(`${host.url}/api/bearer`);
      expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ value: SECRET })]);
      expect(apps.requests(server).map(({ query }) => query["client_id"])).toEqual([apps.identity.clientId]);
      expect(apps.requests("key-vault").at(-1)?.clientCertificate).toBeUndefined();
      await host.close();
    }
  });

  it("refuses a Bearer token for more than one resource", async () => {
    const host = await apps.host(register, settings("", undefined));
    const response = await fetch(`${host.url}/api/bearer?scopes=a/.default%20b/.default`);
    expect([response.status, await response.json()]).toEqual([500, { error: expect.objectContaining({ code: "invalid_options" }) }]);
  });

  it("is told on App Service that no bound token comes from there, and the ways out; no Bearer token takes its place", async () => {
    const host = await apps.host(register, { ...settings("", undefined), ...apps.emulator.appService.environment });
    const response = await fetch(`${host.url}/api/bound`);
    const code = "mtls_pop_not_supported_for_environment";
    expect([response.status, await response.json()]).toEqual([500, { error: expect.objectContaining({ code }) }]);
    expect(host.logs.at(-1)?.message).toMatch(/App Service.*ConfidentialClientApplication with a certificate/);
    expect(apps.emulator.requests).toEqual([]);
  });

  it.each([
    ["imdsVersion", 1, "mtls_pop_token_not_supported_in_imds_v1"],
    ["attestation", "required", "attestation_required"],
  ] as const)("is told what the machine lacks: %s %s", async (property, value, code) => {
    Object.assign(apps.emulator.managedIdentities, { [property]: value });
    const host = await apps.host(register, settings("", undefined));
    const response = await fetch(`${host.url}/api/bound`);
    expect([response.status, await response.json()]).toEqual([500, { error: expect.objectContaining({ code }) }]);
    expect(apps.requests("token")).toEqual([]);
  });
});
