import { describe, expect, it } from "vitest";
import { parseAuthority } from "../../src/authority/authority.js";
import { mtlsTokenEndpoint } from "../../src/authority/token-endpoint.js";
import type { MtlsPopErrorCode } from "../../src/errors.js";
import { thrown } from "../thrown.js";

const TENANT = "11111111-2222-3333-4444-555555555555";
const CONTOSO = "login.contoso.example";

describe("parseAuthority", () => {
  it("takes the public cloud when only a tenant is given", () => {
    expect(parseAuthority({ tenantId: TENANT })).toEqual({
      kind: "entra",
      host: "login.microsoftonline.com",
      environment: "login.microsoftonline.com",
      regionalLoginHost: "login.microsoft.com",
      mtlsHost: "mtlsauth.microsoft.com",
      tenant: TENANT,
    });
  });

  it.each([
    ["a trailing slash", `https://login.microsoftonline.com/${TENANT}/`],
    ["several trailing slashes", `https://login.microsoftonline.com/${TENANT}///`],
    ["an upper-case host", `https://LOGIN.MicrosoftOnline.com/${TENANT}`],
    ["an issuer's /v2.0", `https://login.microsoftonline.com/${TENANT}/v2.0`],
    ["a whole token endpoint", `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/token`],
    ["blanks around it", ` https://login.microsoftonline.com/${TENANT}\n`],
    ["the port that https has anyway", `https://login.microsoftonline.com:443/${TENANT}`],
    ["http, which becomes https", `http://login.microsoftonline.com/${TENANT}`],
    ["user info, which is dropped", `https://user:pass@login.microsoftonline.com/${TENANT}`],
  ])("takes %s", (_, authority) => {
    expect(parseAuthority({ authority })).toEqual(parseAuthority({ tenantId: TENANT }));
  });

  it("keeps an explicit port in every host", () => {
    const authority = parseAuthority({ authority: `https://login.windows.net:8443/${TENANT}` });
    expect(authority).toMatchObject({
      host: "login.windows.net:8443",
      environment: "login.microsoftonline.com:8443",
      regionalLoginHost: "login.microsoft.com:8443",
      mtlsHost: "mtlsauth.microsoft.com:8443",
    });
  });

  it("keeps the cache under the cloud's preferred login host, whichever alias is given", () => {
    const environments = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"].map(
      (host) => parseAuthority({ authority: `https://${host}/${TENANT}` }).environment,
    );
    expect(new Set(environments)).toEqual(new Set(["login.microsoftonline.com"]));
  });

  it("lets `tenantId` win over the tenant in the URL", () => {
    expect(parseAuthority({ authority: "https://login.microsoftonline.com/common", tenantId: TENANT }).tenant).toBe(TENANT);
  });

  it("needs a tenant from one of the two", () => {
    expect(thrown(() => parseAuthority({ authority: "https://login.microsoftonline.com/" })).code).toBe("missing_tenanted_authority");
  });

  it.each<[string, string, MtlsPopErrorCode]>([
    ["no URL", "login.microsoftonline.com", "invalid_authority"],
    ["nothing", "", "invalid_authority"],
    ["another scheme", `ftp://login.microsoftonline.com/${TENANT}`, "invalid_authority"],
    ["a scheme without slashes", `https:login.microsoftonline.com/${TENANT}`, "invalid_authority"],
    ["a third slash", `https:///login.microsoftonline.com/${TENANT}`, "invalid_authority"],
    ["a port that is none", `https://login.microsoftonline.com:99999/${TENANT}`, "invalid_authority"],
    ["a query", `https://login.microsoftonline.com/${TENANT}?dc=x`, "invalid_authority"],
    ["a fragment", `https://login.microsoftonline.com/${TENANT}#x`, "invalid_authority"],
    ["more path than a tenant", `https://login.microsoftonline.com/${TENANT}/saml2`, "invalid_authority"],
    ["a tenant that is none", "https://login.microsoftonline.com/a_b", "invalid_authority"],
    ["AD FS", "https://login.contoso.example/adfs", "mtls_pop_not_supported_for_environment"],
    ["AD FS in capitals", "https://login.contoso.example/ADFS/", "mtls_pop_not_supported_for_environment"],
    ["B2C by host", `https://contoso.b2clogin.com/${TENANT}`, "mtls_pop_not_supported_for_environment"],
    ["B2C by path", "https://login.contoso.example/tfp/contoso.com/policy", "mtls_pop_not_supported_for_environment"],
    ["B2C by policy", "https://login.contoso.example/contoso.com/B2C_1_signin", "mtls_pop_not_supported_for_environment"],
    ["CIAM", `https://contoso.ciamlogin.com/${TENANT}`, "mtls_pop_not_supported_for_environment"],
  ])("ROUTE-18: refuses %s", (_, authority, code) => {
    const error = thrown(() => parseAuthority({ authority, knownAuthorities: [CONTOSO, "contoso.b2clogin.com", "contoso.ciamlogin.com"] }));
    expect(error.code).toBe(code);
    expect(error.help).toBeDefined();
  });

  it.each([
    "graph.microsoft.com",
    "mtlsauth.microsoft.com",
    "westus3.login.microsoft.com",
    "westus3.mtlsauth.microsoft.com",
    "loginx.microsoftonline.com",
    "login-us.microsoftonline.com",
  ])("ROUTE-17: refuses %s, which does not begin with `login.`", (host) => {
    expect(thrown(() => parseAuthority({ authority: `https://${host}/${TENANT}` })).code).toBe("mtls_pop_not_supported_for_environment");
  });

  it("ROUTE-18: refuses an unknown login host and says how to vouch for it", () => {
    const error = thrown(() => parseAuthority({ authority: `https://${CONTOSO}/${TENANT}` }));
    expect(error.code).toBe("untrusted_authority");
    expect(error.help).toContain("knownAuthorities");
  });

  it("does not repeat a password that stands in the authority", () => {
    const error = thrown(() => parseAuthority({ authority: `https://user:hunter2@${CONTOSO}/${TENANT}?x` }));
    expect(JSON.stringify(error)).not.toContain("hunter2");
    expect(JSON.stringify(thrown(() => parseAuthority({ authority: `https://user:hunter2@${CONTOSO}/${TENANT}` })))).not.toContain(
      "hunter2",
    );
  });
});

describe("knownAuthorities", () => {
  const parse = (authority: string, ...knownAuthorities: string[]) => parseAuthority({ authority, knownAuthorities });

  it.each([CONTOSO, "LOGIN.Contoso.example", `https://${CONTOSO}`, `https://${CONTOSO}/`, ` ${CONTOSO} `])(
    "takes %j for the host",
    (entry) => {
      expect(parse(`https://${CONTOSO}/${TENANT}`, "login.other.example", entry)).toMatchObject({
        environment: CONTOSO,
        mtlsHost: "mtlsauth.contoso.example",
      });
    },
  );

  it("takes an entry without a port for every port", () => {
    expect(parse(`https://${CONTOSO}:8443/${TENANT}`, CONTOSO).mtlsHost).toBe("mtlsauth.contoso.example:8443");
  });

  it("takes an entry with a port for that port only", () => {
    expect(parse(`https://${CONTOSO}:8443/${TENANT}`, `${CONTOSO}:8443`).mtlsHost).toBe("mtlsauth.contoso.example:8443");
    expect(parse(`https://${CONTOSO}/${TENANT}`, `${CONTOSO}:443`).mtlsHost).toBe("mtlsauth.contoso.example");
    expect(thrown(() => parse(`https://${CONTOSO}/${TENANT}`, `${CONTOSO}:8443`)).code).toBe("untrusted_authority");
    expect(thrown(() => parse(`https://${CONTOSO}:8443/${TENANT}`, `${CONTOSO}:443`)).code).toBe("untrusted_authority");
  });

  it("does not extend to a host below or beside the entry", () => {
    for (const host of [`login.${CONTOSO}`, "login.contoso.example.evil.example", "login.xcontoso.example", `${CONTOSO}.`]) {
      expect(thrown(() => parse(`https://${host}/${TENANT}`, CONTOSO)).code).toBe("untrusted_authority");
    }
  });

  it("lets a host that is no login host be asked for Bearer tokens, but never with a certificate", () => {
    const authority = parse(`https://tokens.contoso.example/${TENANT}`, "tokens.contoso.example");
    expect(authority).toMatchObject({ environment: "tokens.contoso.example", mtlsHost: undefined });
  });

  it.each([
    "*.contoso.example",
    "login.contoso.example/path",
    "user@login.contoso.example",
    "http://login.contoso.example",
    "a b",
    "login.contoso.example\\x",
  ])("refuses the entry %j", (entry) => {
    expect(thrown(() => parse(`https://${CONTOSO}/${TENANT}`, entry)).code).toBe("invalid_options");
  });
});

describe("a dSTS authority", () => {
  const HOST = "dsts.contoso.example";

  it("is taken when its host is known", () => {
    expect(parseAuthority({ authority: `https://${HOST}/dstsv2/${TENANT}`, knownAuthorities: [HOST] })).toMatchObject({
      kind: "dsts",
      environment: HOST,
      mtlsHost: HOST,
      tenant: TENANT,
    });
  });

  it("IDP-03: is refused when its host is not known, since a path is no proof of anything", () => {
    for (const host of [HOST, "login.microsoftonline.com", "login.evil.example"]) {
      expect(thrown(() => parseAuthority({ authority: `https://${host}/dstsv2/${TENANT}` })).code).toBe("untrusted_authority");
    }
  });

  it("IDP-03: is refused without a tenant", () => {
    const options = { authority: `https://${HOST}/dstsv2/`, knownAuthorities: [HOST] };
    expect(thrown(() => parseAuthority(options)).code).toBe("missing_tenanted_authority");
    const common = parseAuthority({ ...options, tenantId: "common" });
    expect(thrown(() => mtlsTokenEndpoint(common)).code).toBe("missing_tenanted_authority");
  });
});
