import { X509Certificate } from "node:crypto";
import { app } from "@azure/functions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokensFromSettings, withMtlsPop } from "../src/index.js";
import { type FederatedApps, federatedApps, type Leg1 } from "./federated-apps.js";
import { SECRET, secretPath, VAULT_SCOPE, vault } from "./local-app.js";

let apps: FederatedApps;

beforeAll(async () => {
  apps = await federatedApps();
});

afterAll(() => apps.close());

/** Two functions that read the secret: one with a bound token, one with a Bearer token. */
const register = () => {
  const tokens = tokensFromSettings();
  app.http("mtls_pop", {
    handler: withMtlsPop({ resources: { vault } }, async (_request, _context, clients) => {
      return { jsonBody: await (await clients.vault(secretPath)).json() };
    }),
  });
  app.http("Bearer", {
    handler: withMtlsPop(async () => {
      const { accessToken } = await tokens.acquireBearerToken({ scopes: [VAULT_SCOPE] });
      return { jsonBody: await apps.readWithBearer(accessToken) };
    }),
  });
};

const combinations: readonly [string, Leg1, "Bearer" | "mtls_pop"][] = [
  ["FIC-01", "managed identity", "Bearer"],
  ["FIC-02", "managed identity", "mtls_pop"],
  ["FIC-03", "confidential client", "Bearer"],
  ["FIC-04", "confidential client", "mtls_pop"],
];

describe("a Functions app whose settings say federated", () => {
  it.each(combinations)("%s reads the vault's secret: leg 1 by %s, leg 2 for %s", async (_id, leg1, tokenType) => {
    const host = await apps.host(register, apps.settings[leg1]);
    const call = async () => (await fetch(`${host.url}/api/${tokenType}`)).json();
    expect(await call()).toMatchObject({ value: SECRET });

    const [first, second, ...more] = apps.requests("token");
    const [leg1ClientId, leg2ClientId] = apps.clientIds[leg1];
    expect(more).toEqual([]);
    expect(first?.form).toEqual({
      client_id: leg1ClientId,
      grant_type: "client_credentials",
      scope: "api://AzureADTokenExchange/.default",
      token_type: "mtls_pop",
    });
    expect(second?.form).toEqual({
      client_id: leg2ClientId,
      grant_type: "client_credentials",
      scope: VAULT_SCOPE,
      client_assertion: expect.stringMatching(/^eyJ/),
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-pop",
      ...(tokenType === "mtls_pop" && { token_type: "mtls_pop" }),
    });
    expect(first?.clientCertificate).toBeInstanceOf(Buffer);
    expect(second?.clientCertificate).toEqual(first?.clientCertificate);
    const shown = apps.requests("key-vault").at(-1);
    expect(shown?.headers["authorization"]).toMatch(new RegExp(`^${tokenType} eyJ`));
    expect(shown?.clientCertificate).toEqual(tokenType === "mtls_pop" ? first?.clientCertificate : undefined);

    const before = apps.requests("instance-metadata").length;
    expect(await call()).toMatchObject({ value: SECRET });
    expect(apps.requests("token")).toHaveLength(2);
    expect(apps.requests("instance-metadata")).toHaveLength(before);
  });

  it("gives leg 1's token with the certificate that leg 2's is bound to, from the same cache", async () => {
    const host = await apps.host(() => {
      const tokens = tokensFromSettings();
      app.http("legs", {
        handler: withMtlsPop(async (_request, _context, { acquireToken }) => {
          const leg2 = await acquireToken({ scopes: [VAULT_SCOPE] });
          const leg1 = await tokens.acquireLeg1Token();
          const { subject, thumbprint } = leg1?.bindingCertificate ?? {};
          const { tokenSource } = leg1?.metadata ?? {};
          return { jsonBody: { subject, thumbprint, tokenSource, leg2: leg2.bindingCertificate?.thumbprint } };
        }),
      });
    }, apps.settings["managed identity"]);
    const told = await (await fetch(`${host.url}/api/legs`)).json();
    const leaf = new X509Certificate(apps.requests("token")[0]?.clientCertificate ?? "");
    const thumbprint = leaf.fingerprint.replaceAll(":", "");
    expect(told).toEqual({ subject: expect.stringContaining(apps.identity.clientId), thumbprint, tokenSource: "Cache", leg2: thumbprint });
    expect(apps.requests("token")).toHaveLength(2);
  });

  it("warms up leg 1 when no resource is known yet", async () => {
    const host = await apps.host(() => {
      const tokens = tokensFromSettings();
      app.http("leg1", {
        handler: withMtlsPop({ warmup: true }, async () => ({ jsonBody: (await tokens.acquireLeg1Token())?.tokenType })),
      });
    }, apps.settings["confidential client"]);
    expect(await (await fetch(`${host.url}/api/leg1`)).json()).toBe("mtls_pop");
    expect(apps.requests("token").map(({ form }) => form?.["scope"])).toEqual(["api://AzureADTokenExchange/.default"]);
  });

  it.each([
    [{ MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: "a b" }, "invalid_options", "MTLS_POP_MANAGED_IDENTITY_CLIENT_ID is `identity`"],
    [{ AZURE_CLIENT_ID: "a b" }, "invalid_options", "AZURE_CLIENT_ID is `clientId`"],
    [{ AZURE_TENANT_ID: "common" }, "missing_tenanted_authority", "common"],
    [{ MTLS_POP_LEG1_CLIENT_ID: "first" }, "settings_invalid", "both say what leg 1 is"],
  ])("says which setting is wrong: %j", async (env, code, words) => {
    const host = await apps.host(register, { ...apps.settings["managed identity"], ...env });
    const response = await fetch(`${host.url}/api/mtls_pop`);
    expect([response.status, await response.json()]).toEqual([500, { error: expect.objectContaining({ code }) }]);
    expect(host.logs.at(-1)?.message).toContain(words);
    expect(apps.emulator.requests).toEqual([]);
  });

  it("says which application leg 1 is when that one's id is wrong", async () => {
    const host = await apps.host(register, { ...apps.settings["confidential client"], MTLS_POP_LEG1_CLIENT_ID: "a b" });
    expect((await fetch(`${host.url}/api/mtls_pop`)).status).toBe(500);
    expect(host.logs.at(-1)?.message).toContain("MTLS_POP_LEG1_CLIENT_ID is `clientId`");
  });
});
