import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { AuthenticationResult } from "../../src/application/authentication-result.js";
import type { ConfidentialClientOptions } from "../../src/application/confidential-client-options.js";
import { isConfirmedBearer } from "../../src/application/confirmed-result.js";
import { RegionDetector } from "../../src/authority/region-detector.js";
import { FicAssertionProvider } from "../../src/federated/fic-assertion-provider.js";
import { FicLeg1Acquirer } from "../../src/federated/fic-leg1-acquirer.js";
import { FicLeg2Exchanger } from "../../src/federated/fic-leg2-exchanger.js";
import { TokenCache } from "../../src/token/token-cache.js";
import { refusal } from "../certificate/authority.js";
import { emulated, TestClock } from "../emulated.js";
import { jwt, startRfc8705Server } from "../rfc8705-server.js";
import { thrown } from "../thrown.js";

const asked = { scopes: ["orders:read"], mtlsProofOfPossession: true } as const;
let server: Awaited<ReturnType<typeof startRfc8705Server>>;
beforeAll(async () => {
  server = await startRfc8705Server();
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
});

describe("a request to an authority that is given by its token endpoint", () => {
  it("goes there with the certificate, and says what RFC 6749 and RFC 8705 have it say, and nothing of Entra's", async () => {
    const result = await server.application().acquireTokenByClientCredential(asked);
    expect(server.requests).toHaveLength(1);
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", host: "as.example", path: "/oauth/token" });
    expect(request?.form).toEqual({ client_id: "orders-client", grant_type: "client_credentials", scope: "orders:read" });
    expect(request?.clientCertificate?.toString("base64")).toBe(server.certificate.x5c[0]);
    expect(Object.keys(request?.headers ?? {}).filter((name) => name.startsWith("x-") || name.startsWith("return-"))).toEqual([]);
    expect(result).toMatchObject({
      tokenType: "Bearer",
      scopes: ["orders:read"],
      tenantId: "",
      metadata: { tokenEndpoint: server.tokenEndpoint },
    });
    expect(result.bindingCertificate).toBe(server.certificate);
  });

  it("keeps the endpoint's query", async () => {
    await server.application({}, { tokenEndpoint: `${server.tokenEndpoint}?realm=a` }).acquireTokenByClientCredential(asked);
    expect(server.requests[0]).toMatchObject({ path: "/oauth/token", query: { realm: "a" } });
  });

  it("takes the server's scopes, several or none, and a resource's parameter", async () => {
    const application = server.application();
    await application.acquireTokenByClientCredential({ ...asked, scopes: ["b", "a b"] });
    await application.acquireTokenByClientCredential({ ...asked, scopes: [], extraBodyParameters: { resource: "https://orders.example" } });
    expect(server.requests.map(({ form }) => form)).toMatchObject([{ scope: "a b" }, { resource: "https://orders.example" }]);
    expect(server.requests[1]?.form).not.toHaveProperty("scope");
  });

  it("is not one with another whose scope is named as the library names a new token's", async () => {
    const cache = new TokenCache({ store: { read: async () => undefined, write: async () => undefined } });
    const application = server.application({ cache });
    const requests = [
      { ...asked, scopes: ["a"], skipCache: true },
      { ...asked, scopes: ["a", "anew"] },
    ];
    const results = await Promise.all(requests.map((request) => application.acquireTokenByClientCredential(request)));
    expect(results.map(({ scopes }) => scopes)).toEqual([["a"], ["a", "anew"]]);
    expect(server.requests).toHaveLength(2);
  });

  it.each([["a\nb"], ['"'], ["\\"], ["ä"]])("refuses the scope %j, which no server has", async (scope) => {
    const error = await refusal(server.application().acquireTokenByClientCredential({ ...asked, scopes: [scope] }));
    expect(error.code).toBe("invalid_options");
    expect(server.requests).toEqual([]);
  });

  it.each([
    ["a tenant", { tenantId: "contoso.example" }, "tenants"],
    ["a path of a federated identity", { fmiPath: "a/b" }, "Entra's"],
    ["no binding", { mtlsProofOfPossession: false }, "bound tokens alone"],
  ])("refuses %s, and says why", async (_, over, why) => {
    const error = await refusal(server.application().acquireTokenByClientCredential({ ...asked, ...over }));
    expect(error).toMatchObject({ code: "invalid_options", message: expect.stringContaining(why) });
    expect(server.requests).toEqual([]);
  });

  it("follows no redirect with the certificate", async () => {
    server.answerNext("", 307, { location: `${server.resource("elsewhere")}/token` });
    expect(await refusal(server.application().acquireTokenByClientCredential(asked))).toMatchObject({
      code: "service_error",
      statusCode: 307,
    });
    expect(server.requests.map(({ host }) => host)).toEqual(["as.example"]);
  });

  describe("where the environment forces a region of Entra's", () => {
    beforeEach(() => {
      vi.stubEnv("MSAL_FORCE_REGION", "westus3");
    });
    afterEach(() => {
      vi.unstubAllEnvs();
    });

    it("has none", async () => {
      const { metadata } = await server.application().acquireTokenByClientCredential(asked);
      expect(metadata).not.toHaveProperty("region");
      expect(server.requests.map(({ host }) => host)).toEqual(["as.example"]);
    });
  });
});

describe("options beside a token endpoint", () => {
  it.each<[string, object, string]>([
    ["tenantId", { tenantId: "contoso.example" }, "tenants"],
    ["azureRegion", { azureRegion: "westus3" }, "regions"],
    ["fallbackToGlobal", { fallbackToGlobal: false }, "regions"],
    ["regionDetector", { regionDetector: new RegionDetector() }, "regions"],
    ["knownAuthorities", { knownAuthorities: ["login.contoso.example"] }, "named there"],
    ["clientCapabilities", { clientCapabilities: ["cp1"] }, "claim"],
    ["sendCertificateOverMtls", { sendCertificateOverMtls: true }, "every request"],
    ["clientAssertion", { certificate: undefined, clientAssertion: async () => ({ assertion: "x" }) }, "credential"],
  ])("%s is refused with the reason", (name, over, why) => {
    expect(thrown(() => server.application(over))).toMatchObject({
      code: "invalid_options",
      message: expect.stringMatching(new RegExp(`\`${name}\`.*${why}`)),
    });
  });

  it("a missing certificate is", () => {
    const without = { certificate: undefined } as unknown as Partial<ConfidentialClientOptions>;
    expect(thrown(() => server.application(without)).code).toBe("mtls_certificate_not_provided");
  });

  it.each([7, [], true, null, ""])("no authority is %j", (authority) => {
    expect(thrown(() => server.application({ authority } as unknown as Partial<ConfidentialClientOptions>)).code).toBe("invalid_options");
  });

  it("leg 2 does not go there, with the options or with the application", async () => {
    const assertions = new FicAssertionProvider(new FicLeg1Acquirer(server.application()));
    const authority = { tokenEndpoint: server.tokenEndpoint, tokenType: "Bearer" } as const;
    for (const make of [
      () => new FicLeg2Exchanger({ clientId: "x", authority, assertions }),
      () => new FicLeg2Exchanger(server.application(), assertions),
    ]) {
      expect(thrown(make)).toMatchObject({ code: "invalid_options", message: expect.stringContaining("clientAssertion") });
    }
  });

  it("its Bearer token is no leg 1, although it is bound", async () => {
    const result = await server.application().acquireTokenByClientCredential({ ...asked, scopes: ["api://AzureADTokenExchange/.default"] });
    expect(thrown(() => new FicAssertionProvider(result)).code).toBe("token_not_bound");
  });
});

describe("the answer of a server whose bound tokens are Bearer", () => {
  const outcome = async () => {
    const cache = new TokenCache();
    const error = await refusal(server.application({ cache }).acquireTokenByClientCredential(asked));
    expect(cache.size).toBe(0);
    return error;
  };

  it("is taken in any case of its letters, and kept", async () => {
    server.answerNext({ ...server.good(), token_type: "bEARER" });
    const application = server.application();
    const first = await application.acquireTokenByClientCredential(asked);
    const second = await application.acquireTokenByClientCredential(asked);
    expect(first.tokenType).toBe("Bearer");
    expect(second).toMatchObject({ accessToken: first.accessToken, metadata: { tokenSource: "Cache" } });
    expect([first, second].every(isConfirmedBearer)).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ["no cnf", jwt({}), "confirmation_missing"],
    ["a cnf of another kind", jwt({ cnf: { jkt: "x" } }), "confirmation_missing"],
    ["an opaque form", "2YotnFZFEjr1zCsicMWpAA", "confirmation_missing"],
    ["an encrypted form", "a.b.c.d.e", "confirmation_missing"],
    ["three parts that are no JWT", "a.b.c", "confirmation_missing"],
  ])("is refused with a token of %s", async (_, accessToken, code) => {
    server.answerNext({ ...server.good(), access_token: accessToken });
    const error = await outcome();
    expect(error).toMatchObject({ code, correlationId: expect.any(String), help: expect.stringContaining("server") });
    expect(error.message).not.toContain(accessToken);
  });

  it("is refused with a token of another certificate", async () => {
    server.answerNext({ ...server.good(), access_token: jwt({ cnf: { "x5t#S256": server.another.x5tS256 } }) });
    expect((await outcome()).code).toBe("confirmation_mismatch");
  });

  it.each([
    ["mtls_pop", "token_type_mismatch"],
    ["DPoP", "token_type_mismatch"],
    [undefined, "token_type_missing"],
  ])("is refused with the token type %s", async (type, code) => {
    server.answerNext({ ...server.good(), token_type: type });
    const error = await outcome();
    expect(error.code).toBe(code);
    expect(error.message).not.toContain("AADSTS");
  });
});

describe("the answer of a server whose bound tokens are mtls_pop", () => {
  it("is asked for by that name", async () => {
    server.answerNext({ ...server.good(), token_type: "mtls_pop" });
    const result = await server.application({}, { tokenType: "mtls_pop" }).acquireBoundToken({ scopes: asked.scopes });
    expect(result.tokenType).toBe("mtls_pop");
    expect(server.requests[0]?.form).toMatchObject({ token_type: "mtls_pop" });
    expect(isConfirmedBearer(result)).toBe(false);
  });

  it("is refused as Bearer, bound or not", async () => {
    const error = await refusal(server.application({}, { tokenType: "mtls_pop" }).acquireTokenByClientCredential(asked));
    expect(error.code).toBe("token_type_mismatch");
  });

  it("is what the emulated Entra gives by its token endpoint, and Bearer is not", async () => {
    const entra = await emulated();
    try {
      const { metadata } = await entra.application().acquireBoundToken({ scopes: [entra.emulator.customApi.scope] });
      const by = (tokenType: "Bearer" | "mtls_pop") =>
        entra.application({ knownAuthorities: undefined, authority: { tokenEndpoint: metadata.tokenEndpoint, tokenType } } as never);
      const request = { scopes: [entra.emulator.customApi.scope] };
      expect((await by("mtls_pop").acquireBoundToken(request)).tokenType).toBe("mtls_pop");
      await expect(by("Bearer").acquireBoundToken(request)).rejects.toMatchObject({ kind: expect.stringMatching(/service|client/) });
    } finally {
      await entra.close();
    }
  });
});

describe("the cache", () => {
  it("parts servers, token types and certificates", async () => {
    const cache = new TokenCache();
    await server.application({ cache }).acquireTokenByClientCredential(asked);
    server.answerNext({ ...server.good(), token_type: "mtls_pop" });
    await server.application({ cache }, { tokenType: "mtls_pop" }).acquireTokenByClientCredential(asked);
    await server.application({ cache }, { tokenEndpoint: `${server.tokenEndpoint}?realm=a` }).acquireTokenByClientCredential(asked);
    server.answerNext({ ...server.good(), access_token: jwt({ cnf: { "x5t#S256": server.another.x5tS256 } }) });
    await server.application({ cache, certificate: server.another }).acquireTokenByClientCredential(asked);
    expect(server.requests).toHaveLength(4);
    expect(cache.size).toBe(4);
    await server.application({ cache }).acquireTokenByClientCredential(asked);
    expect(server.requests).toHaveLength(4);
  });
});

describe("the refusal of such a server", () => {
  it.each([
    ["invalid_client", "invalid_client", 401, "tls_client_auth"],
    ["invalid_scope", "invalid_scope", 400, "/.default"],
    ["unauthorized_client", "unauthorized_client", 400, "client_credentials"],
    ["invalid_target", "service_error", 400, "extraBodyParameters"],
  ])("%s is an error with its words and with advice", async (error, code, statusCode, advice) => {
    server.answerNext({ error, error_description: "No such thing." }, statusCode);
    expect(await refusal(server.application().acquireTokenByClientCredential(asked))).toMatchObject({
      code,
      kind: "service",
      statusCode,
      message: expect.stringMatching(new RegExp(`as\\.example.*${error}.*No such thing\\.`)),
      help: expect.stringContaining(advice),
    });
  });

  it("has no numbers of Entra's and none of their advice, whatever it says", async () => {
    server.answerNext(
      { error: "invalid_client", error_description: "AADSTS51000: x", error_codes: [51000], claims: "{}", suberror: "y" },
      401,
    );
    const error = await refusal(server.application().acquireTokenByClientCredential(asked));
    for (const name of ["aadErrorCodes", "claims", "suberror"]) expect(error).not.toHaveProperty(name);
    expect(error.help).not.toContain("Microsoft");
  });

  it.each([
    ["an error's name from every object", { error: "constructor" }],
    ["no error", {}],
    ["a page", "<html></html>"],
    ["escapes for a terminal", { error: "invalid_client", error_description: "\u001b]0;owned\u0007\r\nline" }],
  ])("is short and clean with %s", async (_, body) => {
    server.answerNext(body, 400);
    const error = await refusal(server.application().acquireTokenByClientCredential(asked));
    expect(error).toMatchObject({ kind: "service", statusCode: 400 });
    expect(error.message).not.toMatch(/\p{Cc}|function/u);
    expect(error.message).not.toContain("Entra");
  });

  it("holds callers off for as long as it says", async () => {
    const clock = new TestClock();
    const application = server.application({ clock });
    server.answerNext({ error: "temporarily_unavailable" }, 429, { "retry-after": "7" });
    expect(await refusal(application.acquireTokenByClientCredential(asked))).toMatchObject({ retryable: true, retryAfterSeconds: 7 });
    expect(await refusal(application.acquireTokenByClientCredential(asked))).toMatchObject({ code: "throttled", retryAfterSeconds: 7 });
    expect(server.requests).toHaveLength(1);
  });
});

describe("what is confirmed", () => {
  it("is the application's own result, and no copy or likeness of it", async () => {
    const result = await server.application().acquireTokenByClientCredential(asked);
    expect(isConfirmedBearer(result)).toBe(true);
    const { accessToken, expiresOn } = result;
    const likenesses = [
      { ...result, accessToken },
      new AuthenticationResult({ ...result, accessToken, expiresOn }),
      Object.create(result),
      new Proxy(result, {}),
    ];
    expect(likenesses.map(isConfirmedBearer)).toEqual([false, false, false, false]);
  });

  it("may be announced as Bearer, or as what it is", async () => {
    const result = await server.application().acquireTokenByClientCredential(asked);
    expect(result.createAuthorizationHeader()).toBe(`Bearer ${result.accessToken}`);
    for (const scheme of ["Bearer", "pop", "mtls_pop"] as const) {
      expect(result.createAuthorizationHeader(scheme)).toBe(`${scheme} ${result.accessToken}`);
    }
    expect(thrown(() => result.createAuthorizationHeader("DPoP" as never)).code).toBe("invalid_options");
  });
});
