import { describe, expect, it } from "vitest";
import { resolveReferences, settingReferences } from "../src/setting-reference.js";

const resources = {
  vault: { baseUrl: "%KEY_VAULT_URL%", profile: "key-vault" },
  orders: { baseUrl: new URL("https://orders.example"), scope: "%ORDERS_SCOPE%" },
  encoded: { baseUrl: "https://api.example/%2Fa%2F" },
} as const;

describe("a reference to an app setting", () => {
  it("is found in base URLs and scopes, where it is the whole value", () => {
    expect(settingReferences(resources)).toEqual([
      { name: "KEY_VAULT_URL", meaning: '`baseUrl` of the resource "vault"' },
      { name: "ORDERS_SCOPE", meaning: '`scope` of the resource "orders"' },
    ]);
  });

  it("is replaced by the setting's value; everything else stays", () => {
    expect(resolveReferences(resources, { KEY_VAULT_URL: " https://a.vault.azure.net ", ORDERS_SCOPE: "api://orders/.default" })).toEqual({
      vault: { baseUrl: "https://a.vault.azure.net", profile: "key-vault" },
      orders: { baseUrl: new URL("https://orders.example"), scope: "api://orders/.default" },
      encoded: { baseUrl: "https://api.example/%2Fa%2F" },
    });
  });
});
