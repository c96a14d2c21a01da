import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TokenCache } from "../../src/token/token-cache.js";
import { emulated, VAULT_SCOPE } from "../emulated.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
const bearer = { scopes: [VAULT_SCOPE] } as const;
let entra: Awaited<ReturnType<typeof emulated>>;
beforeAll(async () => {
  entra = await emulated({ regions: ["westus3"] });
});
afterAll(() => entra.close());

async function requestsOf(run: () => Promise<unknown>) {
  const before = entra.tokenRequests().length;
  await run();
  return entra.tokenRequests().slice(before);
}

describe("token requests", () => {
  it("REQ-01 the global endpoint gets exactly flow (1)", async () => {
    const [request, ...more] = await requestsOf(() => entra.application().acquireTokenByClientCredential(bound));
    expect(more).toEqual([]);
    expect(request).toMatchObject({
      host: "mtlsauth.emulator.localhost",
      path: `/${entra.emulator.tenantId}/oauth2/v2.0/token`,
      form: { client_id: entra.clientId, grant_type: "client_credentials", scope: VAULT_SCOPE, token_type: "mtls_pop" },
    });
    expect(Object.keys(request?.form ?? {})).toHaveLength(4);
  });

  it("REQ-02 a regional endpoint gets the same body, ROUTE-02 at the region's host", async () => {
    const [global] = await requestsOf(() => entra.application().acquireTokenByClientCredential(bound));
    const [regional] = await requestsOf(() => entra.application({ azureRegion: "westus3" }).acquireTokenByClientCredential(bound));
    expect(regional?.form).toEqual(global?.form);
    expect(regional?.host).toBe("westus3.mtlsauth.emulator.localhost");
  });

  it("REQ-04 of two certificates the chosen one is shown, byte for byte", async () => {
    const other = await entra.anotherCertificate();
    const [first] = await requestsOf(() => entra.application().acquireTokenByClientCredential(bound));
    const [second] = await requestsOf(() => entra.application({ certificate: other.certificate }).acquireTokenByClientCredential(bound));
    expect(first?.clientCertificate).toEqual(entra.issued.certificateDer);
    expect(second?.clientCertificate).toEqual(other.issued.certificateDer);
  });

  it("REQ-05 extra body parameters arrive, reserved ones are refused before any request", async () => {
    entra.emulator.applications.register({
      clientId: entra.clientId,
      certificates: [entra.issued.certificatePem],
      extraBodyParameters: ["dc"],
    });
    const application = entra.application();
    const [request] = await requestsOf(() =>
      application.acquireTokenByClientCredential({ ...bound, extraBodyParameters: { dc: "ESTS-1" } }),
    );
    expect(request?.form?.["dc"]).toBe("ESTS-1");
    const refused = await requestsOf(() =>
      expect(application.acquireTokenByClientCredential({ ...bound, extraBodyParameters: { token_type: "bearer" } })).rejects.toMatchObject(
        {
          code: "reserved_body_parameter",
        },
      ),
    );
    expect(refused).toEqual([]);
  });

  it.each([
    ["downgrade", "token_type_mismatch"],
    ["no-token-type", "token_type_missing"],
    ["no-confirmation", "confirmation_missing"],
    ["wrong-confirmation", "confirmation_mismatch"],
    ["bad-json", "invalid_token_response"],
  ] as const)("REQ-06 an answer with the fault %s is refused as %s and not kept", async (kind, code) => {
    const application = entra.application();
    entra.emulator.faults.add({ on: "token", kind });
    const error = await application.acquireTokenByClientCredential(bound).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code, correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const next = await application.acquireTokenByClientCredential(bound);
    expect(next.metadata.tokenSource).toBe("IdentityProvider");
  });

  it("BIND-02 a readable token names the certificate; an opaque one is passed on", async () => {
    const result = await entra.application().acquireTokenByClientCredential(bound);
    const claims = JSON.parse(Buffer.from(result.accessToken.split(".")[1] ?? "", "base64url").toString());
    expect(claims.cnf).toEqual({ "x5t#S256": entra.certificate.x5tS256 });
    entra.emulator.faults.add({ on: "token", kind: "opaque-token" });
    const opaque = await entra.application().acquireTokenByClientCredential(bound);
    expect(opaque.accessToken.split(".")).not.toHaveLength(3);
  });

  it("SNI-01 without proof of possession the classic assertion goes to the login host, and no certificate is shown", async () => {
    const [request] = await requestsOf(() => entra.application().acquireTokenByClientCredential(bearer));
    expect(request).toMatchObject({
      host: "login.emulator.localhost",
      form: { client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" },
    });
    expect(request?.clientCertificate).toBeUndefined();
    expect(request?.form).not.toHaveProperty("token_type");
  });

  it("sends a Bearer request over mTLS only when asked to, with assertion and certificate", async () => {
    const application = entra.application({ sendCertificateOverMtls: true });
    const [request] = await requestsOf(async () => {
      const result = await application.acquireTokenByClientCredential(bearer);
      expect(result).toMatchObject({ tokenType: "Bearer", bindingCertificate: undefined });
    });
    expect(request).toMatchObject({ host: "mtlsauth.emulator.localhost", clientCertificate: entra.issued.certificateDer });
    expect(request?.form?.["client_assertion_type"]).toContain("jwt-bearer");
    const [boundRequest] = await requestsOf(() => application.acquireTokenByClientCredential(bound));
    expect(boundRequest?.form).not.toHaveProperty("client_assertion");
  });

  it.each([
    ["SNI-02 Bearer first, then bound", [bearer, bound], ["Bearer", "mtls_pop"]],
    ["SNI-03 bound first, then Bearer", [bound, bearer], ["mtls_pop", "Bearer"]],
  ] as const)("%s: two requests, two cache entries, and neither serves the other", async (_row, order, types) => {
    const cache = new TokenCache();
    const application = entra.application({ cache });
    const results: string[] = [];
    const requests = await requestsOf(async () => {
      for (const request of [...order, ...order]) results.push((await application.acquireTokenByClientCredential(request)).tokenType);
    });
    expect(requests.map(({ form }) => form?.["token_type"] ?? "Bearer")).toEqual(types);
    expect(requests.map(({ clientCertificate }) => clientCertificate !== undefined)).toEqual(types.map((type) => type === "mtls_pop"));
    expect(results).toEqual([...types, ...types]);
    expect(cache.size).toBe(2);
  });

  it("PLAT-04 signs in with every kind of key", async () => {
    for (const keyType of ["RSA-2048", "RSA-3072", "RSA-4096", "EC-P256", "EC-P384"] as const) {
      const { certificate, issued } = await entra.newCertificate({ keyType });
      entra.emulator.applications.register({ clientId: entra.clientId, certificates: [issued.certificatePem] });
      const application = entra.application({ certificate });
      expect((await application.acquireTokenByClientCredential(bound)).bindingCertificate).toBe(certificate);
      expect((await application.acquireTokenByClientCredential(bearer)).tokenType).toBe("Bearer");
    }
    entra.emulator.applications.register({ clientId: entra.clientId, certificates: [entra.issued.certificatePem] });
  });

  it("the result holds what a caller needs, and its token in no print", async () => {
    const correlationId = "c0ffee00-0000-4000-8000-000000000000";
    const [request] = await requestsOf(async () => {
      const result = await entra.application().acquireTokenByClientCredential({ ...bound, correlationId });
      expect(result).toMatchObject({
        tokenType: "mtls_pop",
        scopes: [VAULT_SCOPE],
        tenantId: entra.emulator.tenantId,
        bindingCertificate: entra.certificate,
        correlationId,
        metadata: { tokenSource: "IdentityProvider", tokenEndpoint: expect.stringContaining("https://mtlsauth.emulator.localhost:") },
      });
      expect(result.expiresOn.getTime()).toBeGreaterThan(Date.now());
      expect(result.createAuthorizationHeader()).toBe(`pop ${result.accessToken}`);
      expect(result.createAuthorizationHeader("mtls_pop")).toBe(`mtls_pop ${result.accessToken}`);
      expect(() => result.createAuthorizationHeader("Bearer")).toThrow(expect.objectContaining({ code: "invalid_options" }));
      const { inspect } = await import("node:util");
      expect(inspect(result, { depth: 9, showHidden: true }) + JSON.stringify(result) + JSON.stringify({ ...result })).not.toContain(
        result.accessToken,
      );
    });
    expect(request?.headers["client-request-id"]).toBe(correlationId);
  });

  it("refuses claims that are none before it asks for the certificate, and lets them join nobody else's request", async () => {
    let asked = 0;
    const source = () => {
      asked++;
      return entra.certificate;
    };
    const application = entra.application({ certificate: source });
    for (const claims of ["x", "[]", "7"]) {
      await expect(application.acquireTokenByClientCredential({ ...bound, claims })).rejects.toMatchObject({ code: "invalid_claims" });
    }
    expect(asked).toBe(0);
    const scopes = [VAULT_SCOPE, "https://vault.azure.net/extra/.default"].sort();
    const [, joins] = await Promise.allSettled([
      application.acquireTokenByClientCredential({ ...bound, scopes }),
      application.acquireTokenByClientCredential({ ...bound, scopes: [String(scopes[0])], claims: String(scopes[1]) }),
    ]);
    expect(joins).toMatchObject({ reason: { code: "invalid_claims" } });
  });

  it.each([
    [{ scope: "x" }, "did you mean `scopes`"],
    [{ scopes: [] }, "scopes"],
    [{ mtlsProofOfPossession: "yes" }, "`mtlsProofOfPossession`"],
    [{ correlationId: "one\r\nx-evil: 1" }, "`correlationId` as a GUID"],
    [{ signal: {} }, "`signal`"],
    [{ claims: "" }, "`claims`"],
    [undefined, "options object"],
  ])("says what is wrong with the request %j", async (over, words) => {
    const request = over && { ...bound, ...over };
    await expect(entra.application().acquireTokenByClientCredential(request as never)).rejects.toMatchObject({
      code: "invalid_options",
      message: expect.stringContaining(words),
    });
  });
});
