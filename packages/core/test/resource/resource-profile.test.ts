import { describe, expect, it } from "vitest";
import { knownHost } from "../../src/resource/resource-profile.js";

describe("knownHost", () => {
  it.each([
    ["contoso.vault.azure.net", "key-vault", "https://vault.azure.net/.default"],
    ["contoso.vault.azure.cn", "key-vault", "https://vault.azure.cn/.default"],
    ["contoso.vault.usgovcloudapi.net", "key-vault", "https://vault.usgovcloudapi.net/.default"],
    ["mtlstb.graph.microsoft.com", "graph", "https://graph.microsoft.com/.default"],
  ])("knows %s as %s", (host, profile, scope) => {
    expect(knownHost(host)).toMatchObject({ profile, scope });
  });

  it.each([
    "vault.azure.net",
    ".vault.azure.net",
    "evilvault.azure.net",
    "a.b.vault.azure.net",
    "vault.azure.net.evil.example",
    "contoso.vault.azure.net:8443",
    "contoso.vault.azure.net.",
    "graph.microsoft.com",
    "x.mtlstb.graph.microsoft.com",
    "management.azure.com",
    "toString",
    "",
  ])("does not know %j", (host) => {
    expect(knownHost(host)).toBeUndefined();
  });
});
