import { describe, expect, it } from "vitest";
import { schemeFrom } from "../src/vault.js";

describe("the scheme of the Authorization header", () => {
  it.each(["mtls_pop", "pop"] as const)("is %s where the app setting says so", (scheme) => {
    expect(schemeFrom(scheme)).toEqual({ authorizationScheme: scheme });
  });

  it.each([undefined, ""])("is left to the profile where the app setting is %j", (setting) => {
    expect(schemeFrom(setting)).toEqual({});
  });

  it.each(["Bearer", "PoP", "mtls-pop"])("is never %s", (setting) => {
    expect(() => schemeFrom(setting)).toThrow(`KEY_VAULT_AUTHORIZATION_SCHEME is "${setting}"`);
  });
});
