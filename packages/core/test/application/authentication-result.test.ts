import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { AuthenticationResult, type AuthenticationResultFields } from "../../src/application/authentication-result.js";
import { thrown } from "../thrown.js";

const TOKEN = "eyJhbGciOiJub25lIn0.c2VjcmV0.c2ln";
const result = (over: Partial<AuthenticationResultFields> = {}) =>
  new AuthenticationResult({
    accessToken: TOKEN,
    tokenType: "mtls_pop",
    expiresOn: new Date(3_600_000),
    scopes: ["https://vault.azure.net/.default"],
    tenantId: "tenant.example",
    correlationId: "id",
    metadata: {
      tokenSource: "IdentityProvider",
      tokenEndpoint: "https://mtlsauth.example/tenant.example/oauth2/v2.0/token",
      durations: { totalMs: 1, certificateMs: 0, regionMs: 0, httpMs: 1 },
    },
    ...over,
  });

describe("createAuthorizationHeader", () => {
  it("writes pop for a bound token, or mtls_pop where that is asked for", () => {
    expect(result().createAuthorizationHeader()).toBe(`pop ${TOKEN}`);
    expect(result().createAuthorizationHeader("pop")).toBe(`pop ${TOKEN}`);
    expect(result().createAuthorizationHeader("mtls_pop")).toBe(`mtls_pop ${TOKEN}`);
  });

  it("writes Bearer for a Bearer token", () => {
    expect(result({ tokenType: "Bearer" }).createAuthorizationHeader()).toBe(`Bearer ${TOKEN}`);
    expect(result({ tokenType: "Bearer" }).createAuthorizationHeader("Bearer")).toBe(`Bearer ${TOKEN}`);
  });

  it("never writes a bound token as Bearer, nor the other way round", () => {
    expect(thrown(() => result().createAuthorizationHeader("Bearer"))).toMatchObject({
      code: "invalid_options",
      help: expect.stringContaining('"mtls_pop"'),
    });
    for (const scheme of ["pop", "mtls_pop"] as const) {
      expect(thrown(() => result({ tokenType: "Bearer" }).createAuthorizationHeader(scheme))).toMatchObject({
        code: "invalid_options",
        help: expect.stringContaining("mtlsProofOfPossession"),
      });
    }
  });

  it.each(["bearer", "BEARER", "POP", "Basic", "", "pop\r\nx-evil: 1", 7, {}])(
    "writes no scheme %j, which an untyped caller gave",
    (scheme) => {
      for (const tokenType of ["mtls_pop", "Bearer"] as const) {
        expect(thrown(() => result({ tokenType }).createAuthorizationHeader(scheme as never)).code).toBe("invalid_options");
      }
    },
  );
});

describe("an authentication result", () => {
  it("shows all but its token when it is printed, logged, spread, cloned or made into JSON", () => {
    const bound = result();
    const prints = [
      inspect(bound, { depth: 9, showHidden: true }),
      inspect({ deep: [bound] }, { depth: 9, showHidden: true }),
      format("%s %o %O %j", bound, bound, bound, bound),
      JSON.stringify(bound),
      JSON.stringify({ ...bound }),
      inspect(structuredClone({ ...bound }), { depth: 9 }),
      inspect(structuredClone(bound), { depth: 9 }),
      String(bound),
      Object.keys(bound).join(),
    ];
    for (const print of prints) {
      expect(print).not.toContain("eyJ");
      expect(print).not.toContain("c2VjcmV0");
    }
    expect(JSON.parse(JSON.stringify(bound))).toMatchObject({
      accessToken: "[redacted]",
      tokenType: "mtls_pop",
      tenantId: "tenant.example",
    });
    expect(inspect(bound)).toContain("tenant.example");
  });

  it("cannot be changed: the cache hands the same one to everybody", () => {
    const scopes = ["https://vault.azure.net/.default"];
    const bound = result({ scopes });
    scopes.push("https://evil.example/.default");
    expect(bound.scopes).toEqual(["https://vault.azure.net/.default"]);
    const changes: (() => unknown)[] = [
      () => Object.assign(bound, { tokenType: "Bearer" }),
      () => Object.assign(bound, { accessToken: "other" }),
      () => Object.assign(bound, { expiresOn: new Date(0) }),
      () => Object.assign(bound.metadata, { tokenEndpoint: "https://evil.example" }),
      () => Object.assign(bound.metadata.durations, { totalMs: 0 }),
      () => Object.assign(bound.scopes, ["https://evil.example/.default"]),
    ];
    for (const change of changes) expect(change).toThrow(TypeError);
  });

  it("hands out its dates as copies, and keeps none that it was given", () => {
    const [expiresOn, refreshOn] = [new Date(3_600_000), new Date(1_800_000)];
    const bound = result({ expiresOn, refreshOn });
    for (const date of [expiresOn, refreshOn, bound.expiresOn, bound.refreshOn]) date?.setFullYear(1999);
    expect([bound.expiresOn, bound.refreshOn]).toEqual([new Date(3_600_000), new Date(1_800_000)]);
    expect(JSON.parse(JSON.stringify(bound))).toMatchObject({
      expiresOn: "1970-01-01T01:00:00.000Z",
      refreshOn: "1970-01-01T00:30:00.000Z",
    });
  });
});
