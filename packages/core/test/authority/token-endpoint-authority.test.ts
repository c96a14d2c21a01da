import { describe, expect, it } from "vitest";
import { CLOUDS, isCloudHost } from "../../src/authority/clouds.js";
import { type TokenEndpointAuthority, tokenEndpointAuthority } from "../../src/authority/token-endpoint-authority.js";
import { thrown } from "../thrown.js";

const of = (over: Partial<Record<keyof TokenEndpointAuthority, unknown>> = {}) =>
  tokenEndpointAuthority({ tokenEndpoint: "https://as.example/token", tokenType: "Bearer", ...over } as TokenEndpointAuthority);

describe("an authority that is given by its token endpoint", () => {
  it.each(["Bearer", "mtls_pop"] as const)("is asked where it is, for tokens that it calls %s", (tokenType) => {
    expect(of({ tokenType })).toEqual({ kind: "rfc8705", environment: "https://as.example/token", boundTokenType: tokenType });
  });

  it.each([
    ["https://as.example:8443/a/b", "https://as.example:8443/a/b"],
    ["https://AS.example/Token/", "https://as.example/Token/"],
    ["https://as.example/token?realm=a", "https://as.example/token?realm=a"],
    ["https://[::1]:8443/token", "https://[::1]:8443/token"],
    [new URL("https://as.example/token"), "https://as.example/token"],
  ])("keeps %s as it is", (tokenEndpoint, environment) => {
    expect(of({ tokenEndpoint }).environment).toBe(environment);
  });

  it.each([
    ["http", "http://as.example/token"],
    ["no scheme", "as.example/token"],
    ["no host", "https:///token"],
    ["another scheme", "ftp://as.example/token"],
    ["a backslash for a slash", "https:/\\as.example/token"],
    ["a user", "https://user:s3cret@as.example/token"],
    ["a fragment", "https://as.example/token#x"],
    ["an empty fragment", "https://as.example/token#"],
    ["http, as a URL", new URL("http://as.example/token")],
  ])("is refused with %s, and is not quoted", (_, tokenEndpoint) => {
    const error = thrown(() => of({ tokenEndpoint }));
    expect(error).toMatchObject({ code: "invalid_authority", help: expect.stringContaining("https://as.example/token") });
    expect(error.message).not.toContain("s3cret");
  });

  it.each([
    { tokenEndpoint: undefined },
    { tokenEndpoint: 7 },
    { tokenEndpoint: "" },
    { tokenType: undefined },
    { tokenType: "bearer" },
    { tokenType: "DPoP" },
    { tokentype: "Bearer" },
    { issuer: "https://as.example" },
  ])("is refused with the options %j", (over) => {
    expect(thrown(() => of(over)).code).toBe("invalid_options");
  });

  it.each([
    ...CLOUDS.flatMap(({ hosts, mtlsHost, regionalLoginHost }) => [
      ...hosts,
      mtlsHost,
      `westus3.${mtlsHost}`,
      `westus3.${regionalLoginHost}`,
    ]),
    "login.microsoftonline.com.",
    "LOGIN.microsoftonline.com",
  ])("is refused at %s, which is Entra's: its bound tokens are never Bearer", (host) => {
    for (const tokenType of ["Bearer", "mtls_pop"]) {
      const error = thrown(() => of({ tokenEndpoint: `https://${host}/tenant/oauth2/v2.0/token`, tokenType }));
      expect(error).toMatchObject({ code: "invalid_authority", message: expect.stringContaining("Entra's") });
    }
  });

  it.each(["evillogin.microsoftonline.com", "login.microsoftonline.com.evil.example", "microsoft.com", "as.example"])(
    "takes %s for no host of Entra's",
    (host) => {
      expect(isCloudHost(host)).toBe(false);
    },
  );
});
