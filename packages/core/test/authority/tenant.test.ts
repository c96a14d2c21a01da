import { describe, expect, it } from "vitest";
import { assertDirectory, assertTenant } from "../../src/authority/tenant.js";
import { thrown } from "../thrown.js";

describe("assertTenant", () => {
  it.each([
    ["11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-555555555555"],
    ["AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"],
    [" Contoso.onmicrosoft.com ", "contoso.onmicrosoft.com"],
    ["consumers", "consumers"],
    ["common", "common"],
  ])("takes %j as %s", (given, tenant) => {
    expect(assertTenant(given)).toBe(tenant);
  });

  it.each([
    ["nothing", ""],
    ["blanks", "  "],
    ["a slash", "contoso.com/evil"],
    ["a leading slash", "/evil.example"],
    ["an encoded slash", "contoso%2fevil"],
    ["a backslash", "contoso\\evil"],
    ["a parent path", ".."],
    ["a parent path inside", "../evil"],
    ["empty labels", "contoso..com"],
    ["a trailing dot", "contoso.com."],
    ["a query", "contoso.com?x=1"],
    ["a fragment", "contoso.com#x"],
    ["an at sign", "contoso@evil.example"],
    ["a line break", "contoso.com\r\nx: y"],
    ["a null", "contoso\0.com"],
    ["an ideographic full stop", "contoso\u3002com"],
    ["a Kelvin sign, which lower-cases to k", "\u212aontoso.com"],
    ["a label of 64 characters", "a".repeat(64)],
    ["AD FS's path", "ADFS"],
    ["a B2C path", "tfp"],
    ["a dSTS path", "dstsv2"],
    ["254 characters", `${"a.".repeat(126)}aa`],
  ])("refuses %s", (_, tenant) => {
    expect(thrown(() => assertTenant(tenant)).code).toBe("invalid_authority");
  });

  it("names the odd character and not the value, which may be a secret in the wrong place", () => {
    const { message } = thrown(() => assertTenant("hunter2~hunter2"));
    expect(message).toContain("U+007E");
    expect(message).not.toContain("hunter2");
  });
});

describe("assertDirectory", () => {
  it.each([
    ["ROUTE-06", "common"],
    ["ROUTE-07", "organizations"],
    ["ROUTE-06", "COMMON"],
  ])("%s: refuses %s, which names no directory", (_, tenant) => {
    const error = thrown(() => assertDirectory(assertTenant(tenant)));
    expect(error.code).toBe("missing_tenanted_authority");
    expect(error.help).toContain("tenantId");
  });

  it("ROUTE-08: lets consumers through", () => {
    expect(() => assertDirectory("consumers")).not.toThrow();
  });
});
