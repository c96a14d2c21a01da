import { app } from "@azure/functions";
import { createPopFetch } from "@mtls-pop/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SettingsTokens, tokensFromSettings, withMtlsPop } from "../src/index.js";
import { type LocalApp, localApp, secretPath, VAULT_SCOPE, vault } from "./local-app.js";

let local: LocalApp;

beforeAll(async () => {
  local = await localApp();
});

afterAll(() => local.close());

/** Registers a timer that reads the secret, and hands out the tokens of the settings. */
const register = (taken: (tokens: SettingsTokens) => void) => () => {
  taken(tokensFromSettings());
  app.timer("reads", {
    schedule: "0 0 * * * *",
    handler: withMtlsPop({ resources: { vault } }, async (_timer, _context, clients) => (await clients.vault(secretPath)).json()),
  });
};

async function hosted(env: Readonly<Record<string, string>> = {}) {
  let tokens: SettingsTokens | undefined;
  const host = await local.host(
    register((taken) => {
      tokens = taken;
    }),
    env,
  );
  if (!tokens) throw new Error("The app has registered nothing.");
  return { host, tokens };
}

describe("the tokens of the settings", () => {
  it("come from the cache that wrapped handlers use", async () => {
    const { host, tokens } = await hosted();
    await host.invoke("reads");
    const { tokenType, metadata } = await tokens.acquireBoundToken({ scopes: [VAULT_SCOPE] });
    expect([tokenType, metadata.tokenSource]).toEqual(["mtls_pop", "Cache"]);
    expect(local.requests("token")).toHaveLength(1);
  });

  it("serve whatever takes a token source", async () => {
    const { tokens } = await hosted();
    const { ca, lookup } = local.emulator;
    const resources = { vault: { ...vault, baseUrl: local.settings.KEY_VAULT_URL } };
    const popFetch = createPopFetch({ tokens, resources, transport: { ca, lookup } });
    expect((await popFetch(`${local.settings.KEY_VAULT_URL}${secretPath}`)).status).toBe(200);
    await popFetch.close();
  });

  it("are Bearer tokens where that is asked for, and share nothing with bound ones", async () => {
    const { tokens } = await hosted();
    await tokens.acquireBoundToken({ scopes: [VAULT_SCOPE] });
    const { tokenType, bindingCertificate } = await tokens.acquireBearerToken({ scopes: [VAULT_SCOPE] });
    expect([tokenType, bindingCertificate]).toEqual(["Bearer", undefined]);
    expect(local.requests("token").map(({ form }) => form?.["token_type"])).toEqual(["mtls_pop", undefined]);
  });

  it("have no leg 1 unless they come in two legs, and know their certificate", async () => {
    const { tokens } = await hosted();
    expect(await tokens.acquireLeg1Token()).toBeUndefined();
    expect((await tokens.bindingCertificate())?.thumbprint).toBe(local.certificate.thumbprint);
    expect(local.requests("token")).toEqual([]);
  });

  it("want the settings when a token is asked for, and not before", async () => {
    const { tokens } = await hosted({ AZURE_CLIENT_ID: "" });
    await expect(tokens.acquireBoundToken({ scopes: [VAULT_SCOPE] })).rejects.toMatchObject({ code: "settings_missing" });
    await expect(tokens.acquireBearerToken({ scopes: [VAULT_SCOPE] })).rejects.toMatchObject({ code: "settings_missing" });
    await expect(tokens.acquireLeg1Token()).rejects.toMatchObject({ code: "settings_missing" });
  });

  it("end with the app", async () => {
    const { host, tokens } = await hosted();
    await host.close();
    await expect(tokens.acquireBoundToken({ scopes: [VAULT_SCOPE] })).rejects.toMatchObject({ code: "client_closed" });
    expect(local.requests("token")).toEqual([]);
  });
});
