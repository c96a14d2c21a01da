import { describe, expect, it } from "vitest";
import { CLOUDS } from "../../src/authority/clouds.js";
import { tokenEndpointOf } from "../../src/managed-identity/mtls-authentication-endpoint.js";
import { thrown } from "../thrown.js";

const tenantId = "751A212b-4003-416e-b600-e1f48e40db9f";
const TENANT = tenantId.toLowerCase();

function endpoint(text: string, knownAuthorities: readonly string[] = []): string {
  return tokenEndpointOf(text, { tenantId, knownAuthorities, correlationId: "id" }).href;
}

describe("the endpoint that issuecredential names", () => {
  it.each(CLOUDS.map(({ mtlsHost }) => mtlsHost))("MI-03 is taken when it is %s, with or without a region", (host) => {
    expect(endpoint(`https://${host}`)).toBe(`https://${host}/${TENANT}/oauth2/v2.0/token`);
    expect(endpoint(`https://westus3.${host}/`)).toBe(`https://westus3.${host}/${TENANT}/oauth2/v2.0/token`);
  });

  it.each([
    "https://mtlsauth.evil.example",
    "https://mtlsauth.microsoft.com.evil.example",
    "https://evilmtlsauth.microsoft.com",
    "https://a.b.mtlsauth.microsoft.com",
    "https://login.microsoftonline.com",
    "https://169.254.169.254",
  ])("MI-03 is refused when it is %s", (url) => {
    const error = thrown(() => endpoint(url));
    expect(error.code).toBe("untrusted_authority");
    expect(error.message).toContain(new URL(url).host);
    expect(error.help).toContain("knownAuthorities");
  });

  it.each([
    ["http://mtlsauth.microsoft.com", "an http URL"],
    ["https://mtlsauth.microsoft.com/path", "no https URL of just a host"],
    ["https://user@mtlsauth.microsoft.com", "no https URL"],
    ["https://mtlsauth.microsoft.com?a=b", "no https URL"],
    ["https://mtlsauth.microsoft.com\\@evil.example", "no https URL"],
    [" https://mtlsauth.microsoft.com", "no https URL"],
    ["mtlsauth.microsoft.com", "no https URL"],
    ["https://mtlsauth.microsoft.com:99999", "no https URL"],
  ])("MI-03 is refused when it is %j", (text, words) => {
    const error = thrown(() => endpoint(text));
    expect(error.code).toBe("invalid_managed_identity_response");
    expect(error.message).toContain(words);
  });

  it("follows from a login host that the caller vouches for, in its port if it names one", () => {
    expect(endpoint("https://mtlsauth.contoso.example", ["login.contoso.example"])).toContain("https://mtlsauth.contoso.example/");
    expect(endpoint("https://r1.mtlsauth.contoso.example:8443", ["login.contoso.example:8443"])).toContain("https://r1.mtlsauth.contoso");
    expect(endpoint("https://tokens.contoso.example", ["tokens.contoso.example"])).toContain("https://tokens.contoso.example/");
    const other = () => endpoint("https://mtlsauth.contoso.example:8444", ["login.contoso.example:8443"]);
    expect(thrown(other).code).toBe("untrusted_authority");
  });

  it("takes no tenant that is more than a name, and none that names no directory", () => {
    const of = (tenant: string) => () =>
      tokenEndpointOf("https://mtlsauth.microsoft.com", { tenantId: tenant, knownAuthorities: [], correlationId: "id" });
    expect(thrown(of("a/b")).code).toBe("invalid_authority");
    expect(thrown(of("common")).code).toBe("missing_tenanted_authority");
  });
});
