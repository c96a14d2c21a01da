import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from "jose";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BEARER, BOUND, CLIENT_ID, entraUnderTest, LOGIN_HOST, MTLS_HOST, TENANT_ID } from "./entra-under-test.js";

describe("Entra", () => {
  let test: Awaited<ReturnType<typeof entraUnderTest>>;

  beforeAll(async () => {
    test = await entraUnderTest({ tenants: ["contoso.onmicrosoft.com", "consumers"] });
  });

  describe("the request line", () => {
    it("takes POST alone", async () => {
      expect(await test.refusal({ method: "GET" })).toBe(900561);
    });

    it("names a tenant that it does not know", async () => {
      const { body } = await test.ask({ path: "/nowhere.example/oauth2/v2.0/token" });
      expect(body).toMatchObject({ error: "invalid_request", error_codes: [90002] });
      expect(body["error_description"]).toContain("Tenant 'nowhere.example' not found.");
    });

    it("ROUTE-08 knows further tenants, a domain name as the first one's", async () => {
      const tenantOf = async (name: string) => {
        const { body } = await test.ask({ path: `/${name}/oauth2/v2.0/token`, certificate: test.certificate });
        return decodeJwt(String(body["access_token"]))["tid"];
      };
      expect(await tenantOf("Contoso.onmicrosoft.com")).toBe(TENANT_ID);
      expect(await tenantOf("consumers")).toBe("consumers");
    });

    it("names an application that it does not know", async () => {
      const { status, body } = await test.ask({ form: { ...BOUND, client_id: "nobody" }, certificate: test.certificate });
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: "unauthorized_client", error_codes: [700016] });
    });

    it("has nothing at other paths and hosts", async () => {
      expect((await test.ask({ path: `/${TENANT_ID}/oauth2/v2.0/authorize` })).status).toBe(404);
      expect((await test.ask({ path: "/" })).status).toBe(404);
      expect((await test.ask({ host: "sts.emulator.localhost" })).status).toBe(404);
    });
  });

  describe("the error body", () => {
    it("is Entra's, with trace id, correlation id and time", async () => {
      const headers = { "client-request-id": "6d1b3b5e-0b5c-4c0e-9d55-111111111111", "return-client-request-id": "true" };
      const { headers: answered, body } = await test.ask({ headers });
      expect(body).toEqual({
        error: "invalid_request",
        error_description: expect.stringMatching(
          /^AADSTS392200: .+ Trace ID: [0-9a-f-]{36} Correlation ID: 6d1b3b5e-0b5c-4c0e-9d55-111111111111 Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
        ),
        error_codes: [392200],
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
        trace_id: answered["x-ms-request-id"],
        correlation_id: "6d1b3b5e-0b5c-4c0e-9d55-111111111111",
        error_uri: `https://${MTLS_HOST}/error?code=392200`,
      });
      expect(answered["client-request-id"]).toBe("6d1b3b5e-0b5c-4c0e-9d55-111111111111");
    });

    it("makes a correlation id when the client sends none, and echoes none", async () => {
      const { headers, body } = await test.ask();
      expect(body["correlation_id"]).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers).not.toHaveProperty("client-request-id");
    });
  });

  describe("the token", () => {
    beforeEach(() => Object.assign(test.entra.tokens, { expiresInSeconds: 3599, refreshInSeconds: undefined, durationsAs: "number" }));

    it("holds what a resource reads", async () => {
      const { headers, body } = await test.ask({ certificate: test.certificate });
      const claims = decodeJwt(String(body["access_token"]));
      expect(claims).toMatchObject({
        aud: "https://vault.azure.net",
        iss: `https://${LOGIN_HOST}:8443/${TENANT_ID}/v2.0`,
        appid: CLIENT_ID,
        azp: CLIENT_ID,
        tid: TENANT_ID,
        oid: test.entra.applications.get(CLIENT_ID)?.objectId,
      });
      expect(claims.exp).toBe((claims.iat ?? 0) + 3599);
      expect(body).not.toHaveProperty("refresh_in");
      expect(headers["cache-control"]).toContain("no-store");
    });

    it("is signed with the key that the tenant publishes", async () => {
      const { body } = await test.ask({ certificate: test.certificate });
      const keys = await test.ask({ method: "GET", host: LOGIN_HOST, path: `/${TENANT_ID}/discovery/v2.0/keys` });
      const jwks = createLocalJWKSet(keys.body as unknown as JSONWebKeySet);
      await expect(jwtVerify(String(body["access_token"]), jwks)).resolves.toMatchObject({ protectedHeader: { alg: "RS256" } });
    });

    it("lives as long as it is set to, told in numbers or strings", async () => {
      Object.assign(test.entra.tokens, { expiresInSeconds: 86_400, refreshInSeconds: 43_200 });
      const numbers = await test.ask({ certificate: test.certificate });
      test.entra.tokens.durationsAs = "string";
      const strings = await test.ask({ certificate: test.certificate });
      expect(numbers.body).toMatchObject({ expires_in: 86_400, ext_expires_in: 86_400, refresh_in: 43_200 });
      expect(strings.body).toMatchObject({ expires_in: "86400", ext_expires_in: "86400", refresh_in: "43200" });
    });

    it("shows what the claims parameter asks for, and nothing in place of its own claims", async () => {
      const claims = JSON.stringify({
        access_token: {
          xms_cc: { values: ["cp1"] },
          acrs: { essential: true, value: "c1" },
          appid: { value: "forged" },
          nbf: { value: "1" },
        },
      });
      const { body } = await test.ask({ form: { ...BOUND, claims }, certificate: test.certificate });
      const token = decodeJwt(String(body["access_token"]));
      expect(token).toMatchObject({ xms_cc: ["cp1"], acrs: "c1", appid: CLIENT_ID });
      expect(token.nbf).toBeGreaterThan(1);
    });
  });

  it("tells its endpoints at the address that it was asked at", async () => {
    const path = `/${TENANT_ID}/v2.0/.well-known/openid-configuration`;
    const { body } = await test.ask({ method: "GET", host: LOGIN_HOST, path, form: BEARER });
    expect(body).toMatchObject({
      issuer: `https://${LOGIN_HOST}:8443/${TENANT_ID}/v2.0`,
      token_endpoint: `https://${LOGIN_HOST}:8443/${TENANT_ID}/oauth2/v2.0/token`,
      jwks_uri: `https://${LOGIN_HOST}:8443/${TENANT_ID}/discovery/v2.0/keys`,
      tls_client_certificate_bound_access_tokens: true,
    });
  });
});
