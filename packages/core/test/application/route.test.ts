import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfidentialClientApplication } from "../../src/application/confidential-client-application.js";
import type { ConfidentialClientOptions } from "../../src/application/confidential-client-options.js";
import { RegionDetector } from "../../src/authority/region-detector.js";
import { TokenCache } from "../../src/token/token-cache.js";
import { emulated, TestClock, VAULT_SCOPE } from "../emulated.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
let entra: Awaited<ReturnType<typeof emulated>>;
let port: string;
beforeAll(async () => {
  entra = await emulated({ clouds: true, regions: ["westus3"] });
  port = new URL(entra.emulator.authority).port;
});
afterAll(() => entra.close());

async function requestsOf(run: () => Promise<unknown>) {
  const before = entra.tokenRequests().length;
  await run();
  return entra.tokenRequests().slice(before);
}

describe("routes to the token endpoint", () => {
  it("ROUTE-01 the tenant stands in the path", async () => {
    const [request] = await requestsOf(() => entra.application().acquireTokenByClientCredential(bound));
    expect(request?.path).toBe(`/${entra.emulator.tenantId}/oauth2/v2.0/token`);
  });

  it.each(["common", "organizations"])("ROUTE-06 ROUTE-07 the tenant %s is refused before any request", async (tenant) => {
    const application = entra.application({ authority: `https://${entra.host}/${tenant}` });
    const requests = await requestsOf(() =>
      expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ code: "missing_tenanted_authority" }),
    );
    expect(requests).toEqual([]);
  });

  it.each([
    ["a bound token", { certificate: "source" }, bound],
    ["Bearer over mTLS", { certificate: "source", sendCertificateOverMtls: true }, { scopes: [VAULT_SCOPE] }],
    ["an assertion with its certificate", { certificate: "assertion" }, { scopes: [VAULT_SCOPE] }],
  ] as const)("ROUTE-06 ROUTE-17 for %s neither the certificate's source nor the region is asked before", async (_for, over, request) => {
    let asked = 0;
    const source = () => {
      asked++;
      return entra.certificate;
    };
    const credential =
      over.certificate === "source"
        ? { ...over, certificate: source }
        : { certificate: undefined, clientAssertion: async () => ({ assertion: "a.b.c", tokenBindingCertificate: entra.certificate }) };
    const regionDetector = new RegionDetector({ env: {}, metadataUrl: entra.emulator.instanceMetadata.url });
    const before = entra.emulator.requests.length;
    for (const [authority, code] of [
      [`https://${entra.host}/common`, "missing_tenanted_authority"],
      ["https://sts.windows.net/tenant.example", "mtls_pop_not_supported_for_environment"],
    ]) {
      const options = { authority, azureRegion: "auto", regionDetector, ...credential } as Partial<ConfidentialClientOptions>;
      await expect(entra.application(options).acquireTokenByClientCredential(request)).rejects.toMatchObject({ code });
    }
    expect(asked).toBe(0);
    expect(entra.emulator.requests).toHaveLength(before);
  });

  it("ROUTE-08 the tenant consumers goes through to the service", async () => {
    const application = entra.application({ authority: `https://${entra.host}/consumers` });
    const [request] = await requestsOf(() =>
      expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ kind: "service" }),
    );
    expect(request?.path).toBe("/consumers/oauth2/v2.0/token");
  });

  it("ROUTE-09 a tenant given with the request stands in path and cache key", async () => {
    const application = entra.application();
    await application.acquireTokenByClientCredential(bound);
    const [request] = await requestsOf(() =>
      expect(
        application.acquireTokenByClientCredential({ ...bound, tenantId: "99999999-0000-0000-0000-000000000000" }),
      ).rejects.toMatchObject({ kind: "service" }),
    );
    expect(request?.path).toBe("/99999999-0000-0000-0000-000000000000/oauth2/v2.0/token");
    await expect(application.acquireTokenByClientCredential({ ...bound, tenantId: "common" })).rejects.toMatchObject({
      code: "missing_tenanted_authority",
    });
    await expect(application.acquireTokenByClientCredential({ ...bound, tenantId: "../evil" })).rejects.toMatchObject({
      code: "invalid_authority",
    });
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
  ])("%s %s is asked at %s, with the certificate", async (_row, login, mtls) => {
    const application = entra.application({ authority: `https://${login}:${port}/${entra.emulator.tenantId}`, knownAuthorities: [] });
    const [request] = await requestsOf(() => application.acquireTokenByClientCredential(bound));
    expect(request).toMatchObject({ host: mtls, clientCertificate: entra.issued.certificateDer });
  });

  it.each([
    ["ROUTE-17", "https://sts.windows.net/tenant.example", "mtls_pop_not_supported_for_environment"],
    ["ROUTE-17", "https://graph.microsoft.com/tenant.example", "mtls_pop_not_supported_for_environment"],
    ["ROUTE-17", "https://mtlsauth.microsoft.com/tenant.example", "mtls_pop_not_supported_for_environment"],
    ["ROUTE-18", "https://login.evil.example/tenant.example", "untrusted_authority"],
    ["ROUTE-18", "not a url", "invalid_authority"],
  ])("%s the authority %s is refused, and the certificate reaches nobody", async (_row, authority, code) => {
    const run = async () =>
      new ConfidentialClientApplication({
        clientId: entra.clientId,
        authority,
        certificate: entra.certificate,
        transport: entra.transport,
      }).acquireTokenByClientCredential(bound);
    const requests = await requestsOf(() => expect(run()).rejects.toMatchObject({ code }));
    expect(requests).toEqual([]);
  });

  const dstsApplication = () => {
    const dsts = `dsts.emulator.localhost:${port}`;
    const authority = `https://${dsts}/dstsv2/${entra.emulator.tenantId}`;
    return entra.application({ authority, knownAuthorities: [dsts], azureRegion: "westus3" });
  };

  it("IDP-02 dSTS is asked once, and the second time the cache is", async () => {
    const application = dstsApplication();
    const requests = await requestsOf(async () => {
      const first = await application.acquireTokenByClientCredential(bound);
      const second = await application.acquireTokenByClientCredential(bound);
      expect(second.metadata.tokenSource).toBe("Cache");
      expect(second.accessToken).toBe(first.accessToken);
      expect(second.bindingCertificate).toBe(entra.certificate);
    });
    expect(requests).toHaveLength(1);
  });

  it("IDP-02 dSTS and a directory at one host do not share what is in the cache", async () => {
    const cache = new TokenCache();
    const { host, tenantId } = { host: entra.host, tenantId: entra.emulator.tenantId };
    const directory = entra.application({ cache });
    const dsts = entra.application({ cache, authority: `https://${host}/dstsv2/${tenantId}` });
    await directory.acquireTokenByClientCredential(bound);
    const [request] = await requestsOf(() => dsts.acquireTokenByClientCredential(bound).catch(() => undefined));
    expect(request?.path).toBe(`/dstsv2/${tenantId}/oauth2/v2.0/token`);
  });

  it("IDP-01 dSTS is asked at its own URL with the certificate", async () => {
    const [request] = await requestsOf(() => dstsApplication().acquireTokenByClientCredential(bound));
    expect(request).toMatchObject({
      host: "dsts.emulator.localhost",
      path: `/dstsv2/${entra.emulator.tenantId}/oauth2/v2.0/token`,
      clientCertificate: entra.issued.certificateDer,
      form: { token_type: "mtls_pop" },
    });
  });

  it.each([
    [`https://dsts.emulator.localhost/dstsv2/`, ["dsts.emulator.localhost"], "missing_tenanted_authority"],
    [`https://dsts.emulator.localhost/dstsv2/tenant.example`, [], "untrusted_authority"],
  ])("IDP-03 dSTS without a tenant, or not known, is refused: %s", async (authority, knownAuthorities, code) => {
    const run = async () => entra.application({ authority, knownAuthorities }).acquireTokenByClientCredential(bound);
    await expect(run()).rejects.toMatchObject({ code });
  });

  it("ROUTE-05 a malformed region never gets into a host name: the global endpoint is asked, with a warning", async () => {
    const warnings: string[] = [];
    const application = entra.application({ azureRegion: "westus3.evil.example/", logger: { warn: (message) => warnings.push(message) } });
    const [request] = await requestsOf(() => application.acquireTokenByClientCredential(bound));
    expect(request?.host).toBe("mtlsauth.emulator.localhost");
    expect(warnings).toHaveLength(1);
  });

  it("ROUTE-03 REGION_NAME names the region when it is to be found out", async () => {
    const regionDetector = new RegionDetector({ env: { REGION_NAME: "West US 3" }, metadataUrl: entra.emulator.instanceMetadata.url });
    const [request] = await requestsOf(() =>
      entra.application({ azureRegion: "auto", regionDetector }).acquireTokenByClientCredential(bound),
    );
    expect(request?.host).toBe("westus3.mtlsauth.emulator.localhost");
  });

  it.each(["auto", "TryAutoDetect", "AutoDiscoverRegion"])(
    "finds the region out from the instance metadata for %s",
    async (azureRegion) => {
      const regionDetector = new RegionDetector({ env: {}, metadataUrl: entra.emulator.instanceMetadata.url });
      const result = await entra.application({ azureRegion, regionDetector }).acquireTokenByClientCredential(bound);
      expect(result.metadata).toMatchObject({ region: "westus3", tokenEndpoint: expect.stringContaining("//westus3.mtlsauth.") });
    },
  );

  it("ROUTE-04 the global endpoint is asked when nothing is found out", async () => {
    const regionDetector = new RegionDetector({ env: {}, metadataUrl: entra.emulator.instanceMetadata.url });
    entra.emulator.instanceMetadata.answerNext({ status: 404 });
    const [request] = await requestsOf(() =>
      entra.application({ azureRegion: "auto", regionDetector }).acquireTokenByClientCredential(bound),
    );
    expect(request?.host).toBe("mtlsauth.emulator.localhost");
  });

  it("leaves a detected region that is down for the global endpoint, once", async () => {
    const regionDetector = new RegionDetector({ env: { REGION_NAME: "westus3" } });
    entra.emulator.faults.add({ on: "token", kind: "region-down", host: "westus3.mtlsauth.emulator.localhost", times: 2 });
    const result = await entra
      .application({ azureRegion: "auto", regionDetector, clock: new TestClock() })
      .acquireTokenByClientCredential(bound);
    expect(result.metadata.tokenEndpoint).toContain("//mtlsauth.emulator.localhost");
    entra.emulator.faults.clear();
  });

  it("does not leave a region that the user named", async () => {
    const application = entra.application({ azureRegion: "westus3", clock: new TestClock() });
    entra.emulator.faults.add({ on: "token", kind: "region-down", host: "westus3.mtlsauth.emulator.localhost", times: 2 });
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({
      code: expect.stringMatching(/network_error|tls_handshake_failed/),
    });
    entra.emulator.faults.clear();
  });

  it("leaves a named region for the global endpoint when that is allowed", async () => {
    const application = entra.application({ azureRegion: "westus3", fallbackToGlobal: true, clock: new TestClock() });
    entra.emulator.faults.add({ on: "token", kind: "region-down", host: "westus3.mtlsauth.emulator.localhost", times: 2 });
    const result = await application.acquireTokenByClientCredential(bound);
    expect(result.metadata.tokenEndpoint).toContain("//mtlsauth.emulator.localhost");
    expect(result.metadata).not.toHaveProperty("region");
    entra.emulator.faults.clear();
  });
});
