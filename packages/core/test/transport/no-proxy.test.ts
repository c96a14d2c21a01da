import { describe, expect, it } from "vitest";
import { exemptions } from "../../src/transport/no-proxy.js";

describe("NO_PROXY", () => {
  it.each<[list: string, exempt: string[], others: string[]]>([
    ["", [], ["a.example", "10.0.0.1"]],
    ["example.com", ["example.com", "www.example.com", "a.b.EXAMPLE.com", "example.com."], ["anexample.com", "example.com.org", "com"]],
    [".example.com", ["example.com", "www.example.com"], ["anexample.com"]],
    ["*.example.com", ["example.com", "www.example.com"], ["anexample.com"]],
    ["EXAMPLE.com.", ["example.com", "www.example.com"], []],
    ["*", ["a.example", "10.0.0.1", "2001:db8::1"], []],
    ["a.example,*", ["b.example"], []],
    ["a.example, b.example\tc.example,,", ["a.example", "b.example", "c.example"], ["d.example"]],
    ["vault", ["vault", "my.vault"], ["vault.example"]],
    ["10.0.0.1", ["10.0.0.1", "::ffff:a00:1"], ["10.0.0.10", "a.10.0.0.1.example"]],
    ["10.0.0.0/8", ["10.0.0.1", "10.255.255.255", "::ffff:a01:101"], ["11.0.0.1", "10.example"]],
    ["0.0.0.0/0", ["10.0.0.1", "203.0.113.1"], ["2001:db8::1", "a.example"]],
    ["2001:db8::1", ["2001:db8::1"], ["2001:db8::2"]],
    ["[2001:db8::1]", ["2001:db8::1"], ["2001:db8::2"]],
    ["2001:db8::/32", ["2001:db8:1::9"], ["2001:db9::1", "10.0.0.1"]],
  ])("%j exempts the hosts that it names", (list, exempt, others) => {
    const isExempt = exemptions(list);
    expect(exempt.filter((host) => !isExempt(host, 443))).toEqual([]);
    expect(others.filter((host) => isExempt(host, 443))).toEqual([]);
  });

  it.each([
    ["a.example:8443", "a.example"],
    [".a.example:8443", "b.a.example"],
    ["10.0.0.1:8443", "10.0.0.1"],
    ["[2001:db8::1]:8443", "2001:db8::1"],
    ["*:8443", "a.example"],
  ])("%s counts for its port alone", (list, host) => {
    const isExempt = exemptions(list);
    expect([isExempt(host, 8443), isExempt(host, 443)]).toEqual([true, false]);
  });

  it.each([
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0.0/a",
    "2001:db8::/129",
    "https://a.example",
    "10.0.0.1-10.0.0.9",
    "[]",
    ":",
    "a.*",
  ])("%s exempts nobody", (list) => {
    const isExempt = exemptions(list);
    expect(["10.0.0.1", "10.0.0.0", "2001:db8::1", "a.example", "a"].filter((host) => isExempt(host, 443))).toEqual([]);
  });
});
