import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfidentialClientApplication } from "../../src/application/confidential-client-application.js";
import type { ConfidentialClientOptions } from "../../src/application/confidential-client-options.js";
import { emulated, VAULT_SCOPE } from "../emulated.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
let entra: Awaited<ReturnType<typeof emulated>>;
beforeAll(async () => {
  entra = await emulated();
});
afterAll(() => entra.close());

/** What `run` sends to the token endpoint. */
async function requestsOf<T>(run: () => Promise<T>) {
  const before = entra.tokenRequests().length;
  const result = await run();
  return { result, requests: entra.tokenRequests().slice(before) };
}

describe("credentials", () => {
  it("CFG-01 a certificate gives a bound token over a connection made with it", async () => {
    const { result, requests } = await requestsOf(() => entra.application().acquireTokenByClientCredential(bound));
    expect(result.tokenType).toBe("mtls_pop");
    expect(result.bindingCertificate).toBe(entra.certificate);
    expect(requests.map(({ clientCertificate }) => clientCertificate)).toEqual([entra.issued.certificateDer]);
  });

  it("CFG-02 an assertion with its certificate gives a bound token over a connection made with it, REQ-03 and sends exactly flow (4)", async () => {
    const leg1 = await entra
      .application()
      .acquireTokenByClientCredential({ scopes: ["api://AzureADTokenExchange/.default"], mtlsProofOfPossession: true });
    const leg2 = withAssertion(async () => ({ assertion: leg1.accessToken, tokenBindingCertificate: leg1.bindingCertificate }));
    const { result, requests } = await requestsOf(() => leg2.acquireTokenByClientCredential(bound));
    expect(result.tokenType).toBe("mtls_pop");
    expect(result.bindingCertificate).toBe(entra.certificate);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.clientCertificate).toEqual(entra.issued.certificateDer);
    expect(requests[0]?.form).toEqual({
      client_id: entra.clientId,
      grant_type: "client_credentials",
      scope: VAULT_SCOPE,
      token_type: "mtls_pop",
      client_assertion: leg1.accessToken,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-pop",
    });
  });

  it("CFG-04 a client secret is refused, in types and at run time", () => {
    const make = () =>
      // @ts-expect-error a secret is no credential here
      new ConfidentialClientApplication({ clientId: entra.clientId, authority: entra.emulator.authority, clientSecret: "hunter2" });
    expect(make).toThrow(expect.objectContaining({ code: "client_secret_not_supported", message: expect.not.stringContaining("hunter2") }));
  });

  it("CFG-05 an assertion without a certificate is refused for a bound token, before any request", async () => {
    const application = withAssertion(async () => ({ assertion: "a.b.c" }));
    const { requests } = await requestsOf(() =>
      expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({
        code: "mtls_certificate_not_provided",
        kind: "client",
      }),
    );
    expect(requests).toEqual([]);
  });

  it.each([undefined, null, "a.b.c", {}, { assertion: "" }])("refuses an assertion callback that returns %j", async (returned) => {
    const application = withAssertion(async () => returned as never);
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ code: "invalid_options" });
  });

  it("refuses a certificate function that returns none", async () => {
    const application = entra.application({ certificate: () => undefined as never });
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ code: "mtls_certificate_not_provided" });
  });

  it("passes on what a certificate function throws", async () => {
    const application = entra.application({ certificate: () => Promise.reject(new Error("vault is down")) });
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toThrow("vault is down");
  });

  it("needs exactly one credential", () => {
    const make = (over: object) => () =>
      new ConfidentialClientApplication({ clientId: "a", tenantId: "b.example", ...over } as ConfidentialClientOptions);
    expect(make({})).toThrow(expect.objectContaining({ code: "mtls_certificate_not_provided" }));
    expect(make({ certificate: entra.certificate, clientAssertion: async () => ({ assertion: "a" }) })).toThrow(
      expect.objectContaining({ code: "invalid_options" }),
    );
  });

  it.each([
    [{ clientID: "a" }, "did you mean `clientId`"],
    [{ clientId: "" }, "`clientId`"],
    [{ tenantId: undefined }, "`tenantId`"],
    [{ azureRegion: 7 }, "`azureRegion`"],
    [{ certificate: "-----BEGIN CERTIFICATE-----" }, "`certificate`"],
    [{ transport: { timeout: 3 } }, "`timeout`"],
  ])("says what is wrong with the options %j", (over, words) => {
    const make = () =>
      new ConfidentialClientApplication({
        clientId: "a",
        tenantId: "b.example",
        certificate: entra.certificate,
        ...over,
      } as ConfidentialClientOptions);
    expect(make).toThrow(expect.objectContaining({ code: "invalid_options", message: expect.stringContaining(words) }));
  });

  it("accepts sendX5C, which has no effect on a bound request", async () => {
    const { requests } = await requestsOf(() => entra.application({ sendX5C: true }).acquireTokenByClientCredential(bound));
    expect(Object.keys(requests[0]?.form ?? {}).sort()).toEqual(["client_id", "grant_type", "scope", "token_type"]);
  });
});

function withAssertion(clientAssertion: NonNullable<ConfidentialClientOptions["clientAssertion"]>): ConfidentialClientApplication {
  return new ConfidentialClientApplication({
    clientId: entra.clientId,
    authority: entra.emulator.authority,
    knownAuthorities: [entra.host],
    transport: entra.transport,
    clientAssertion,
  });
}
