import { app } from "@azure/functions";
import { ConfidentialClientApplication, certificateFromFile } from "@mtls-pop/core";
import type { FunctionsHost } from "@mtls-pop/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withMtlsPop } from "../src/index.js";
import { type LocalApp, localApp, secretPath, VAULT_SCOPE, vault } from "./local-app.js";

let local: LocalApp;

beforeAll(async () => {
  local = await localApp();
});

afterAll(() => local.close());

const NOBODY = { AZURE_TENANT_ID: undefined, AZURE_CLIENT_ID: undefined, AZURE_CLIENT_CERTIFICATE_PATH: undefined };

/** Hosts functions whose one resource brings its own tokens, in an app without an identity. */
function hosted(): Promise<FunctionsHost> {
  const { emulator, settings } = local;
  const tokens = new ConfidentialClientApplication({
    clientId: settings.AZURE_CLIENT_ID,
    authority: emulator.authority,
    knownAuthorities: [settings.MTLS_POP_KNOWN_AUTHORITIES],
    certificate: certificateFromFile(settings.AZURE_CLIENT_CERTIFICATE_PATH),
    transport: { ca: emulator.ca, lookup: emulator.lookup },
  });
  const resources = { vault: { ...vault, tokens } };
  return local.host(() => {
    app.http("own", {
      handler: withMtlsPop({ resources }, async (_, __, clients) => ({ status: (await clients.vault(secretPath)).status })),
    });
    app.http("known", {
      handler: withMtlsPop({ resources }, async (_, __, { fetch }) => ({
        status: (await fetch("https://contoso.vault.azure.net/")).status,
      })),
    });
    app.http("asked", {
      handler: withMtlsPop({ resources }, async (_, __, { acquireToken }) => {
        return { body: (await acquireToken({ scopes: [VAULT_SCOPE] })).tokenType };
      }),
    });
  }, NOBODY);
}

describe("an app whose resources all bring their own tokens", () => {
  it("needs no settings of an identity", async () => {
    const host = await hosted();
    expect((await fetch(`${host.url}/api/own`)).status).toBe(200);
    expect(local.requests("token")).toHaveLength(1);
  });

  it.each(["known", "asked"])("is told of the missing settings when it asks for the app's own tokens after all (%s)", async (name) => {
    const host = await hosted();
    const response = await fetch(`${host.url}/api/${name}`);
    expect([response.status, await response.json()]).toEqual([500, { error: expect.objectContaining({ code: "settings_missing" }) }]);
    for (const setting of Object.keys(NOBODY)) expect(host.logs[0]?.message).toContain(setting);
  });

  it("still needs what the resources refer to", async () => {
    const host = await hosted();
    delete process.env["KEY_VAULT_URL"];
    await fetch(`${host.url}/api/own`);
    expect(host.logs[0]?.message).toMatch(/^\[mtls-pop\] settings_missing: App settings are missing: KEY_VAULT_URL \([^;]*\)\. /);
  });
});
