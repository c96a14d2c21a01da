import { describe, expect, it } from "vitest";
import { parseAuthority } from "../../src/authority/authority.js";
import { CLOUDS } from "../../src/authority/clouds.js";
import { loginTokenEndpoint, mtlsTokenEndpoint } from "../../src/authority/token-endpoint.js";
import { isMtlsPopError } from "../../src/errors.js";
import { thrown } from "../thrown.js";

const TENANT = "11111111-2222-3333-4444-555555555555";
const PATH = `/${TENANT}/oauth2/v2.0/token`;

const at = (host: string, ...knownAuthorities: string[]) => parseAuthority({ authority: `https://${host}/${TENANT}`, knownAuthorities });

describe("mtlsTokenEndpoint", () => {
  it("ROUTE-01: puts the tenant into the path", () => {
    expect(mtlsTokenEndpoint(at("login.microsoftonline.com")).href).toBe(`https://mtlsauth.microsoft.com${PATH}`);
  });

  it("ROUTE-02: puts the region in front", () => {
    expect(mtlsTokenEndpoint(at("login.microsoftonline.com"), { region: "westus3" }).href).toBe(
      `https://westus3.mtlsauth.microsoft.com${PATH}`,
    );
  });

  it.each([
    ["ROUTE-10", "login.microsoftonline.com", "mtlsauth.microsoft.com"],
    ["ROUTE-10", "login.windows.net", "mtlsauth.microsoft.com"],
    ["ROUTE-10", "login.microsoft.com", "mtlsauth.microsoft.com"],
    ["ROUTE-11", "login.microsoftonline.us", "mtlsauth.microsoftonline.us"],
    ["ROUTE-12", "login.partner.microsoftonline.cn", "mtlsauth.partner.microsoftonline.cn"],
    ["ROUTE-13", "login.sovcloud-identity.fr", "mtlsauth.sovcloud-identity.fr"],
    ["ROUTE-14", "login.sovcloud-identity.de", "mtlsauth.sovcloud-identity.de"],
    ["ROUTE-15", "login.sovcloud-identity.sg", "mtlsauth.sovcloud-identity.sg"],
    ["ROUTE-16", "login.usgovcloudapi.net", "mtlsauth.microsoftonline.us"],
    ["ROUTE-16", "login.chinacloudapi.cn", "mtlsauth.partner.microsoftonline.cn"],
    ["Germany's former cloud", "login.microsoftonline.de", "mtlsauth.microsoftonline.de"],
    ["pre-production", "login.windows-ppe.net", "mtlsauth.windows-ppe.net"],
    ["pre-production", "login.microsoft-ppe.com", "mtlsauth.windows-ppe.net"],
  ])("%s: %s becomes %s, alone and in a region", (_, login, mtls) => {
    expect(mtlsTokenEndpoint(at(login)).href).toBe(`https://${mtls}${PATH}`);
    expect(mtlsTokenEndpoint(at(login), { region: "francecentral" }).href).toBe(`https://francecentral.${mtls}${PATH}`);
  });

  it("ROUTE-17: refuses an alias that does not begin with `login.`, though it belongs to a known cloud", () => {
    for (const host of ["sts.windows.net", "sts.windows-ppe.net"]) {
      expect(thrown(() => mtlsTokenEndpoint(at(host))).code).toBe("mtls_pop_not_supported_for_environment");
    }
  });

  it("ROUTE-18: rewrites an unknown login host only when the caller vouches for it", () => {
    expect(mtlsTokenEndpoint(at("login.contoso.example:8443", "login.contoso.example:8443"), { region: "westus3" }).href).toBe(
      `https://westus3.mtlsauth.contoso.example:8443${PATH}`,
    );
  });

  it.each([
    ["ROUTE-06", "common"],
    ["ROUTE-07", "organizations"],
  ])("%s: refuses the tenant %s, from the authority and from a request", (_, tenant) => {
    const authority = parseAuthority({ authority: `https://login.microsoftonline.com/${tenant}` });
    expect(thrown(() => mtlsTokenEndpoint(authority)).code).toBe("missing_tenanted_authority");
    expect(thrown(() => mtlsTokenEndpoint(at("login.microsoftonline.com"), { tenant })).code).toBe("missing_tenanted_authority");
  });

  it("ROUTE-08: lets consumers through", () => {
    const authority = parseAuthority({ authority: "https://login.microsoftonline.com/consumers" });
    expect(mtlsTokenEndpoint(authority).pathname).toBe("/consumers/oauth2/v2.0/token");
  });

  it("ROUTE-09: lets a request name another tenant, through the same checks", () => {
    const authority = at("login.microsoftonline.com");
    expect(mtlsTokenEndpoint(authority, { tenant: "Contoso.com" }).pathname).toBe("/contoso.com/oauth2/v2.0/token");
    for (const tenant of ["../evil", "a/b", "a%2fb", "", ".", "a\\b", "a?b", "a#b", "@evil.example", "//evil.example"]) {
      expect(thrown(() => mtlsTokenEndpoint(authority, { tenant })).code).toBe("invalid_authority");
    }
  });

  it("uses a dSTS as it is: no other host, no region", () => {
    const authority = parseAuthority({
      authority: `https://dsts.contoso.example:8443/dstsv2/${TENANT}`,
      knownAuthorities: ["dsts.contoso.example"],
    });
    const href = `https://dsts.contoso.example:8443/dstsv2/${TENANT}/oauth2/v2.0/token`;
    expect(mtlsTokenEndpoint(authority, { region: "westus3" }).href).toBe(href);
    expect(loginTokenEndpoint(authority, { region: "westus3" }).href).toBe(href);
  });

  it.each([
    "",
    "westus3.evil.com/",
    "evil.com#",
    "a.b",
    "WestUS3",
    "west us",
    "a@b",
    "a:8443",
    "a\\b",
    "a%2eb",
    "w\u0435stus",
    "a\n",
    "a".repeat(64),
  ])("ROUTE-05: never puts the region %j into a host name", (region) => {
    const authority = at("login.microsoftonline.com");
    expect(thrown(() => mtlsTokenEndpoint(authority, { region })).code).toBe("invalid_options");
    expect(thrown(() => loginTokenEndpoint(authority, { region })).code).toBe("invalid_options");
  });
});

describe("loginTokenEndpoint", () => {
  it("goes to the cloud's preferred login host", () => {
    expect(loginTokenEndpoint(at("login.windows.net")).href).toBe(`https://login.microsoftonline.com${PATH}`);
    expect(loginTokenEndpoint(at("sts.windows.net")).href).toBe(`https://login.microsoftonline.com${PATH}`);
    expect(loginTokenEndpoint(at("login.chinacloudapi.cn")).href).toBe(`https://login.partner.microsoftonline.cn${PATH}`);
  });

  it("goes to {region}.login.microsoft.com in a region of the public cloud", () => {
    expect(loginTokenEndpoint(at("login.microsoftonline.com"), { region: "westus3" }).href).toBe(
      `https://westus3.login.microsoft.com${PATH}`,
    );
  });

  it("puts the region in front of the preferred login host in every other cloud", () => {
    expect(loginTokenEndpoint(at("login.usgovcloudapi.net"), { region: "usgovvirginia" }).host).toBe(
      "usgovvirginia.login.microsoftonline.us",
    );
    expect(loginTokenEndpoint(at("login.contoso.example", "login.contoso.example"), { region: "westus3" }).host).toBe(
      "westus3.login.contoso.example",
    );
  });

  it("takes a request's tenant through the same checks", () => {
    expect(loginTokenEndpoint(at("login.microsoftonline.com"), { tenant: "contoso.com" }).pathname).toBe("/contoso.com/oauth2/v2.0/token");
    expect(thrown(() => loginTokenEndpoint(at("login.microsoftonline.com"), { tenant: "a/b" })).code).toBe("invalid_authority");
  });
});

describe("an authority made to mislead", () => {
  const HOSTS = new Set(CLOUDS.map((cloud) => cloud.mtlsHost));

  /** The host that a certificate would be presented to, or the refusal. */
  function outcome(authority: string, tenantId?: string): string {
    try {
      return mtlsTokenEndpoint(parseAuthority({ authority, tenantId })).host;
    } catch (error) {
      if (isMtlsPopError(error)) return error.code;
      throw error;
    }
  }

  it.each([
    ["the real host as a subdomain", `https://login.microsoftonline.com.evil.example/${TENANT}`],
    ["the real host as user info", `https://login.microsoftonline.com@evil.example/${TENANT}`],
    ["the real host as user and password", `https://login.microsoftonline.com:443@evil.example/${TENANT}`],
    ["the real host as a path", `https://login.evil.example/login.microsoftonline.com/${TENANT}`],
    ["a backslash for a slash", `https://evil.example\\@login.microsoftonline.com/${TENANT}`],
    ["a backslash after the real host", `https://login.microsoftonline.com\\.evil.example/${TENANT}`],
    ["an encoded slash", `https://login.evil.example%2f.microsoftonline.com/${TENANT}`],
    ["an encoded at sign", `https://login.microsoftonline.com%40evil.example/${TENANT}`],
    ["a trailing dot", `https://login.microsoftonline.com./${TENANT}`],
    ["a doubled dot", `https://login..microsoftonline.com/${TENANT}`],
    ["an ideographic full stop", `https://login.microsoftonline\u3002com/${TENANT}`],
    ["a fraction slash", `https://login.microsoftonline.com\u2044.evil.example/${TENANT}`],
    ["a Cyrillic letter", `https://login.micr\u043esoftonline.com/${TENANT}`],
    ["that letter in punycode", `https://login.xn--micrsoftonline-wpi.com/${TENANT}`],
    ["full-width letters", `https://\uff4cogin.microsoftonline.com/${TENANT}`],
    ["a zero-width space", `https://login.evil\u200b.microsoftonline.com/${TENANT}`],
    ["a soft hyphen", `https://login.microsoft\u00adonline.com/${TENANT}`],
    ["a tab that the URL parser drops", `https://login.evil\t.example/${TENANT}`],
    ["a line break that the URL parser drops", `https://login.microsoftonline.com\n.evil.example/${TENANT}`],
    ["a null", `https://login.microsoftonline.com\0.evil.example/${TENANT}`],
    ["a neighbour of the cloud", `https://login.microsoftonline.co/${TENANT}`],
    ["a label in front of the cloud", `https://login.evil.microsoftonline.com/${TENANT}`],
    ["a bare suffix", `https://login./${TENANT}`],
    ["an address", `https://127.0.0.1/${TENANT}`],
    ["an address as a number", `https://2130706433/${TENANT}`],
    ["an IPv6 address", `https://[::1]/${TENANT}`],
    ["a query in place of the path", "https://login.evil.example?login.microsoftonline.com"],
    ["a fragment in place of the path", "https://login.evil.example#login.microsoftonline.com"],
    ["a relative path", `https://login.microsoftonline.com/${TENANT}/../evil.example`],
    ["a tenant with an encoded slash", "https://login.microsoftonline.com/contoso%2f..%2fevil"],
    ["a tenant of dots", "https://login.microsoftonline.com/.."],
    ["a tenant that begins a host", "https://login.microsoftonline.com/@evil.example"],
    ["a scheme that is not http", "javascript://login.microsoftonline.com/%0aalert(1)"],
  ])("ROUTE-18: %s is refused", (_, authority) => {
    expect(outcome(authority)).toMatch(/^(invalid_authority|untrusted_authority|mtls_pop_not_supported_for_environment)$/);
    expect(outcome(authority, TENANT)).toMatch(/^(invalid_authority|untrusted_authority|mtls_pop_not_supported_for_environment)$/);
  });

  it.each([
    ["user info before the real host", `https://evil.example@login.microsoftonline.com/${TENANT}`],
    ["an empty path segment", `https://login.microsoftonline.com//${TENANT}`],
    ["http", `http://login.microsoftonline.com/${TENANT}`],
  ])("ROUTE-18: %s leads to the cloud's own host over https", (_, authority) => {
    expect(HOSTS).toContain(outcome(authority));
    expect(mtlsTokenEndpoint(parseAuthority({ authority })).protocol).toBe("https:");
  });

  it("ROUTE-18: whatever surrounds a real authority, the certificate reaches a known host or nobody", () => {
    const pieces = [
      "",
      "@",
      "\\",
      "/",
      "//",
      ".",
      ":",
      "?",
      "#",
      "%2f",
      "\u3002",
      "evil.example",
      "@evil.example",
      ".evil.example",
      ":8@evil.example",
    ];
    for (const before of pieces) {
      for (const between of pieces) {
        const result = outcome(`https://${before}login.microsoftonline.com${between}/${TENANT}`);
        expect(HOSTS.has(result) || /^[a-z_]+$/.test(result), `${before} … ${between}: ${result}`).toBe(true);
      }
    }
  });
});
