import { describe, expect, it } from "vitest";
import { mergeClaims } from "../../src/token/claims.js";

describe("mergeClaims", () => {
  it("asks for nothing when there is nothing to ask for", () => {
    expect(mergeClaims(undefined, undefined)).toBeUndefined();
    expect(mergeClaims([], undefined)).toBeUndefined();
  });

  it("sends client capabilities as xms_cc", () => {
    expect(mergeClaims(["cp1"], undefined)).toBe('{"access_token":{"xms_cc":{"values":["cp1"]}}}');
  });

  it("merges a challenge's claims behind the capabilities, as MSAL.NET does", () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
    expect(mergeClaims(["cp1"], claims)).toBe(
      '{"access_token":{"xms_cc":{"values":["cp1"]},"nbf":{"essential":true,"value":"1700000000"}}}',
    );
  });

  it("keeps claims of other parts", () => {
    expect(JSON.parse(mergeClaims(["cp1"], '{"id_token":{"auth_time":null}}') ?? "")).toEqual({
      access_token: { xms_cc: { values: ["cp1"] } },
      id_token: { auth_time: null },
    });
  });

  it("pollutes no prototype", () => {
    mergeClaims(["cp1"], '{"__proto__":{"polluted":true},"access_token":{"__proto__":{"polluted":true}}}');
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  it.each(["", "claims", "[]", "null", '"a"', "eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="])("refuses %j", (claims) => {
    expect(() => mergeClaims(undefined, claims)).toThrow(expect.objectContaining({ code: "invalid_claims" }));
  });

  it.each([[], ["cp1"]])("refuses claims that are nested beyond measure, with capabilities %j", (...clientCapabilities) => {
    const deep = `{"access_token":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    expect(() => mergeClaims(clientCapabilities.flat(), deep)).toThrow(expect.objectContaining({ code: "invalid_claims" }));
    const objects = `${'{"access_token":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    expect(() => mergeClaims(clientCapabilities.flat(), objects)).toThrow(expect.objectContaining({ code: "invalid_claims" }));
  });

  it("keeps a claim named __proto__ as any other", () => {
    expect(mergeClaims(["cp1"], '{"__proto__":{"a":1}}')).toBe('{"access_token":{"xms_cc":{"values":["cp1"]}},"__proto__":{"a":1}}');
  });
});
