import { describe, expect, it } from "vitest";
import { scopeKey } from "../../src/token/scopes.js";

describe("scopeKey", () => {
  it("is the same for the same scopes in any order", () => {
    expect(scopeKey(["b/.default", "a/.default", "b/.default"])).toBe(scopeKey(["a/.default", "b/.default"]));
  });

  it.each([
    ["https://vault.azure.net", "https://vault.azure.net/.default"],
    ["https://vault.azure.net/", "https://vault.azure.net/.default"],
    ["api://orders", "api://orders/.default"],
  ])("refuses %s and shows the corrected scope", (scope, corrected) => {
    expect(() => scopeKey([scope])).toThrow(
      expect.objectContaining({ code: "invalid_options", message: expect.stringContaining(`Use "${corrected}"`) }),
    );
  });

  it.each([
    [["/.default"], "names no resource"],
    [["a/.default", "/.default"], "names no resource"],
    [[" /.default"], "blank"],
    [["a/.default b/.default"], "blank"],
    [["a/.default", "b /.default"], "blank"],
  ])("refuses %j, which %s", (scopes, words) => {
    expect(() => scopeKey(scopes)).toThrow(expect.objectContaining({ code: "invalid_options", message: expect.stringContaining(words) }));
  });

  it("repeats a wrong scope in part, and quickly", () => {
    for (const scope of ["/".repeat(1_000_000), `${"/".repeat(1_000_000)}x`]) {
      try {
        scopeKey([scope]);
        expect.unreachable();
      } catch (error) {
        expect(String(error).length).toBeLessThan(1000);
      }
    }
  });

  it.each([[[]], [[""]], [[7]], [new Array(1)], [[["a/.default"]]], ["https://vault.azure.net/.default"]])("refuses %j", (scopes) => {
    expect(() => scopeKey(scopes as string[])).toThrow(expect.objectContaining({ code: "invalid_options" }));
  });
});
