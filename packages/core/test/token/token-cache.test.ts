import { describe, expect, it } from "vitest";
import { AuthenticationResult } from "../../src/application/authentication-result.js";
import { TokenCache, variantOf } from "../../src/token/token-cache.js";

const MINUTE = 60_000;
const result = (expiresOnMs: number, refreshOnMs?: number) =>
  new AuthenticationResult({
    accessToken: "token",
    tokenType: "Bearer",
    expiresOn: new Date(expiresOnMs),
    refreshOn: refreshOnMs === undefined ? undefined : new Date(refreshOnMs),
    scopes: ["https://vault.azure.net/.default"],
    tenantId: "tenant",
    correlationId: "id",
    metadata: { tokenSource: "Cache", tokenEndpoint: "https://login", durations: { totalMs: 0, certificateMs: 0, regionMs: 0, httpMs: 0 } },
  });

describe("TokenCache", () => {
  it("gives a token back until five minutes before it ends", () => {
    const cache = new TokenCache();
    cache.set("key", result(60 * MINUTE), 0);
    expect(cache.get("key", 55 * MINUTE - 1)?.result.accessToken).toBe("token");
    expect(cache.get("key", 55 * MINUTE)).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it("gives no token back after the clock was set back by more than the five minutes, since it may have ended long ago", () => {
    const cache = new TokenCache();
    const day = 24 * 60 * MINUTE;
    cache.set("key", result(day + 60 * MINUTE), day);
    expect(cache.get("key", day - 5 * MINUTE)).toBeDefined();
    expect(cache.get("key", day - 5 * MINUTE - 1)).toBeUndefined();
  });

  it("does not keep a token that is as good as over", () => {
    const cache = new TokenCache();
    cache.set("key", result(5 * MINUTE), 0);
    expect(cache.size).toBe(0);
  });

  it("drops the token used least recently when it is full", () => {
    const cache = new TokenCache({ maxEntries: 3 });
    for (const key of ["a", "b", "c"]) cache.set(key, result(60 * MINUTE), 0);
    cache.get("a", 0);
    cache.set("d", result(60 * MINUTE), 0);
    expect(["a", "b", "c", "d"].filter((key) => cache.get(key, 0))).toEqual(["a", "c", "d"]);
  });

  it("puts a refresh off after one that failed", () => {
    const cache = new TokenCache();
    cache.set("key", result(60 * MINUTE, 30 * MINUTE), 0);
    expect(cache.get("key", 0)?.refreshFromMs).toBe(30 * MINUTE);
    cache.postponeRefresh("key", 31 * MINUTE);
    expect(cache.get("key", 31 * MINUTE)?.refreshFromMs).toBe(31.5 * MINUTE);
  });

  it("does not keep a token whose end is no date", () => {
    const cache = new TokenCache();
    cache.set("key", result(Number.NaN), 0);
    expect(cache.size).toBe(0);
  });

  it("lets no service have every call start a refresh", () => {
    const cache = new TokenCache();
    cache.set("key", result(60 * MINUTE, 0), 0);
    expect(cache.get("key", 0)?.refreshFromMs).toBe(MINUTE / 2);
  });

  it("forgets all when it is told to", () => {
    const cache = new TokenCache();
    cache.set("key", result(60 * MINUTE), 0);
    cache.clear();
    expect(cache.get("key", 0)).toBeUndefined();
  });

  it.each([{ maxEntries: 0 }, { maxEntries: 0.5 }, { maxEntries: "9" }, { maxEntries: Number.NaN }, { maxEntrys: 3 }, null, 7])(
    "refuses %j",
    (options) => {
      expect(() => new TokenCache(options as never)).toThrow(expect.objectContaining({ code: "invalid_options" }));
    },
  );
});

describe("variantOf", () => {
  it("is empty for a plain request", () => {
    expect(variantOf({})).toBe("");
    expect(variantOf({ extraBodyParameters: {}, clientCapabilities: [] })).toBe("");
  });

  it("tells fmi_path, extra parameters and capabilities apart", () => {
    const all = [
      variantOf({ fmiPath: "agent-1" }),
      variantOf({ fmiPath: "agent-2" }),
      variantOf({ extraBodyParameters: { dc: "1" } }),
      variantOf({ extraBodyParameters: { dc: "2" } }),
      variantOf({ clientCapabilities: ["cp1"] }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it("does not depend on the order", () => {
    expect(variantOf({ extraBodyParameters: { a: "1", b: "2" } })).toBe(variantOf({ extraBodyParameters: { b: "2", a: "1" } }));
    expect(variantOf({ clientCapabilities: ["cp1", "cp2"] })).toBe(variantOf({ clientCapabilities: ["cp2", "cp1"] }));
  });

  it("does not show an extra parameter's value", () => {
    expect(variantOf({ extraBodyParameters: { secret: "swordfish" } })).not.toContain("swordfish");
  });
});
