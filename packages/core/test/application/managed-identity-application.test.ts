import type { RecordedRequest } from "@mtls-pop/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ManagedIdentityApplication } from "../../src/application/managed-identity-application.js";
import { MtlsPopTokenAcquirer } from "../../src/application/mtls-pop-token-acquirer.js";
import { thumbprintsOf } from "../../src/certificate/thumbprint.js";
import { newMemoryKey } from "../../src/managed-identity/memory-key.js";
import { TokenCache } from "../../src/token/token-cache.js";
import { startAzureHost, VAULT } from "../azure-host.js";
import { TestClock } from "../emulated.js";
import { thrown } from "../thrown.js";

let azure: Awaited<ReturnType<typeof startAzureHost>>;
let bindingKey: () => Awaited<ReturnType<typeof newMemoryKey>>;
beforeAll(async () => {
  azure = await startAzureHost();
  // one for all tests: making one takes long
  const key = await newMemoryKey();
  bindingKey = () => key;
});
afterAll(() => azure.close());
beforeEach(() => azure.emulator.forgetRequests());

const bound = { resource: VAULT, mtlsProofOfPossession: true } as const;
/** The certificate of a request's connection. */
const shownIn = (request: RecordedRequest | undefined) => request?.clientCertificate && thumbprintsOf(request.clientCertificate).x5tS256;
const paths = () => azure.metadataRequests().map(({ path }) => path.split("/").at(-1));
const ENVIRONMENTS = {
  "service-fabric": { IDENTITY_ENDPOINT: "http://127.0.0.1:1", IDENTITY_HEADER: "x", IDENTITY_SERVER_THUMBPRINT: "AB" },
  "azure-ml": { MSI_ENDPOINT: "http://127.0.0.1:1", MSI_SECRET: "x" },
  "cloud-shell": { MSI_ENDPOINT: "http://127.0.0.1:1" },
  "azure-arc": { IDENTITY_ENDPOINT: "http://127.0.0.1:1", IMDS_ENDPOINT: "http://127.0.0.1:1" },
} as const;
const NAMES = {
  "app-service": "App Service / Functions",
  "service-fabric": "Service Fabric",
  "azure-ml": "Azure Machine Learning",
  "cloud-shell": "Cloud Shell",
  "azure-arc": "Azure Arc",
} as const;

describe("a managed identity's bound token", () => {
  it("CFG-03 comes from IMDSv2, and the certificate of its connection is the issued one", async () => {
    const application = azure.application();
    expect(application.bindingCertificate()).toBeUndefined();
    const result = await application.acquireToken(bound);
    const { systemAssigned } = azure.emulator.managedIdentities;
    expect(result).toMatchObject({
      tokenType: "mtls_pop",
      tenantId: systemAssigned.tenantId,
      scopes: [`${VAULT}/.default`],
      bindingCertificate: { subject: expect.stringContaining(systemAssigned.clientId) },
      metadata: { tokenSource: "IdentityProvider" },
    });
    expect(result.bindingCertificate).toBe(application.bindingCertificate());
    expect(paths()).toEqual(["getplatformmetadata", "issuecredential"]);
    const [request, ...more] = azure.tokenRequests();
    expect(more).toEqual([]);
    expect(shownIn(request)).toBe(result.bindingCertificate?.x5tS256);
    expect(Object.fromEntries(new URLSearchParams(String(request?.body)))).toEqual({
      client_id: systemAssigned.clientId,
      grant_type: "client_credentials",
      scope: `${VAULT}/.default`,
      token_type: "mtls_pop",
    });
  });

  it.each([["app-service", undefined], ...Object.entries(ENVIRONMENTS)] as const)(
    "PLAT-05 is refused on %s by its name, with the ways out, and nobody is asked",
    async (source, given) => {
      const application = azure.application({ env: given ?? azure.onAppService });
      const message = expect.stringMatching(
        new RegExp(`A bound token was asked for.*${NAMES[source as keyof typeof NAMES]}.*certificate.*leg 1.*virtual machine with IMDSv2`),
      );
      await expect(application.acquireToken(bound)).rejects.toMatchObject({ code: "mtls_pop_not_supported_for_environment", message });
      await expect(application.acquireToken({ resource: VAULT, sendCertificateOverMtls: true })).rejects.toMatchObject({
        code: "mtls_pop_not_supported_for_environment",
        message: expect.stringContaining("A Bearer token over mutual TLS"),
      });
      expect(azure.emulator.requests).toEqual([]);
    },
  );

  it("PLAT-05 is bound on IMDSv2, and refused on IMDSv1 with a way out", async () => {
    expect((await azure.application({ bindingKey }).acquireToken(bound)).tokenType).toBe("mtls_pop");
    azure.emulator.managedIdentities.imdsVersion = 1;
    const refused = azure.application({ bindingKey }).acquireToken(bound);
    await expect(refused).rejects.toMatchObject({
      code: "mtls_pop_token_not_supported_in_imds_v1",
      help: expect.stringContaining("certificate"),
    });
    azure.emulator.managedIdentities.imdsVersion = 2;
  });

  it("comes from where the environment says at each call", async () => {
    const env: NodeJS.ProcessEnv = { ...azure.onAppService };
    const application = azure.application({ env, bindingKey });
    await expect(application.acquireToken(bound)).rejects.toMatchObject({ code: "mtls_pop_not_supported_for_environment" });
    for (const name of Object.keys(env)) delete env[name];
    Object.assign(env, azure.onMachine);
    expect((await application.acquireToken(bound)).tokenType).toBe("mtls_pop");
  });

  it("is served from the cache with its certificate, and asked for again when a challenge has claims or the caller says so", async () => {
    const application = azure.application({ bindingKey, clientCapabilities: ["cp1"] });
    const first = await application.acquireToken(bound);
    const hit = await application.acquireToken({ ...bound, resource: `${VAULT}/.default` });
    expect(hit).toMatchObject({ accessToken: first.accessToken, metadata: { tokenSource: "Cache" } });
    expect(hit.bindingCertificate).toBe(first.bindingCertificate);
    expect(azure.tokenRequests()).toHaveLength(1);
    const claims = '{"access_token":{"nbf":{"essential":true}}}';
    expect((await application.acquireToken({ ...bound, claims })).metadata.tokenSource).toBe("IdentityProvider");
    expect((await application.acquireToken({ ...bound, skipCache: true })).metadata.tokenSource).toBe("IdentityProvider");
    const sent = azure.tokenRequests().map(({ body }) => JSON.parse(new URLSearchParams(String(body)).get("claims") ?? ""));
    const xms_cc = { values: ["cp1"] };
    expect(sent).toEqual([
      { access_token: { xms_cc } },
      { access_token: { xms_cc, nbf: { essential: true } } },
      { access_token: { xms_cc } },
    ]);
    expect(paths()).toEqual(["getplatformmetadata", "issuecredential"]);
  });

  it("is for one resource, and is never served for another", async () => {
    const application = azure.application({ bindingKey });
    await application.acquireToken(bound);
    const other = await application.acquireToken({ ...bound, resource: "api://orders" });
    expect(other).toMatchObject({ scopes: ["api://orders/.default"], metadata: { tokenSource: "IdentityProvider" } });
  });

  it("MI-05 that is bound to a certificate before its renewal is not served after it, however long it lasts", async () => {
    const clock = new TestClock();
    azure.emulator.tokens.expiresInSeconds = 7 * 24 * 3600;
    const application = azure.application({ bindingKey, clock });
    const old = await application.acquireToken(bound);
    clock.advance(4 * 24 * 3600_000);
    expect((await application.acquireToken(bound)).accessToken).toBe(old.accessToken);
    await expect.poll(() => application.bindingCertificate()).not.toBe(old.bindingCertificate);
    const fresh = await application.acquireToken(bound);
    azure.emulator.tokens.expiresInSeconds = 3600;
    expect(fresh.bindingCertificate).toBe(application.bindingCertificate());
    expect(fresh.accessToken).not.toBe(old.accessToken);
    expect(azure.tokenRequests()).toHaveLength(2);
  });

  it("is asked for by each of two who have other claims, at the same time", async () => {
    const application = azure.application({ bindingKey });
    const claims = [1, 2].map((value) => JSON.stringify({ access_token: { nbf: { value } } }));
    await Promise.all(claims.map((one) => application.acquireToken({ ...bound, claims: one })));
    expect(azure.tokenRequests().map(({ form }) => form?.["claims"])).toEqual(expect.arrayContaining(claims));
  });

  it("is waited for by many with one signal, and Node warns of no leak", async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on("warning", onWarning);
    const { signal } = new AbortController();
    const application = azure.application({ bindingKey });
    await Promise.all(Array.from({ length: 30 }, () => application.acquireToken({ ...bound, signal })));
    await new Promise(setImmediate);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  it("is acquired once for a hundred who ask at the same time", async () => {
    const application = azure.application({ bindingKey });
    const results = await Promise.all(Array.from({ length: 100 }, () => application.acquireToken(bound)));
    expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(paths()).toEqual(["getplatformmetadata", "issuecredential"]);
    expect(azure.tokenRequests()).toHaveLength(1);
  });

  it("is not waited for by one who has left, while another goes on", async () => {
    const application = azure.application({ bindingKey });
    const controller = new AbortController();
    const leaves = application.acquireToken({ ...bound, signal: controller.signal });
    const stays = application.acquireToken(bound);
    controller.abort(new Error("enough"));
    await expect(leaves).rejects.toThrow("enough");
    expect((await stays).tokenType).toBe("mtls_pop");
    const gone = AbortSignal.abort(new Error("gone"));
    await expect(application.acquireToken({ ...bound, signal: gone })).rejects.toThrow("gone");
  });

  it("is what acquireBoundToken gives for a resource's scope, so that an acquirer takes the application", async () => {
    const application = azure.application({ bindingKey });
    const acquirer = new MtlsPopTokenAcquirer(application);
    const result = await acquirer.acquireToken({ scopes: ["api://orders/.default"] });
    expect(result).toMatchObject({ tokenType: "mtls_pop", scopes: ["api://orders/.default"] });
    expect(acquirer.bindingCertificate()).toBe(result.bindingCertificate);
    const again = await application.acquireToken({ resource: "api://orders", mtlsProofOfPossession: true });
    expect(again.metadata.tokenSource).toBe("Cache");
  });

  it("after a certificate that Entra refuses is bound to a new one, which the cache then goes by", async () => {
    const application = azure.application({ bindingKey });
    const first = await application.acquireToken(bound);
    azure.emulator.faults.add({ on: "token", kind: "entra-error", code: 700027 });
    const second = await application.acquireToken({ ...bound, skipCache: true });
    expect(second.bindingCertificate).not.toBe(first.bindingCertificate);
    const hit = await application.acquireToken(bound);
    expect(hit).toMatchObject({ accessToken: second.accessToken, metadata: { tokenSource: "Cache" } });
    expect(hit.bindingCertificate).toBe(second.bindingCertificate);
  });
});

describe("a managed identity's Bearer token", () => {
  it.each(Object.entries(ENVIRONMENTS))("is refused on %s by its name, and nobody is asked", async (source, env) => {
    await expect(azure.application({ env }).acquireToken({ resource: VAULT })).rejects.toMatchObject({
      code: "managed_identity_unavailable",
      message: expect.stringMatching(new RegExp(`${NAMES[source as keyof typeof NAMES]}.*@azure/identity.*certificate`)),
    });
    expect(azure.emulator.requests).toEqual([]);
  });

  it.each([
    ["the machine", () => azure.onMachine, () => azure.metadataRequests()],
    ["App Service", () => azure.onAppService, () => azure.appServiceRequests()],
  ] as const)("on %s is cached, asked for once by many, and anew for claims", async (_, env, requests) => {
    const application = azure.application({ env: env() });
    const ask = (over = {}) => application.acquireToken({ resource: VAULT, ...over });
    const [first, ...rest] = await Promise.all(Array.from({ length: 20 }, () => ask()));
    expect(new Set(rest.map(({ accessToken }) => accessToken))).toEqual(new Set([first?.accessToken]));
    expect((await ask()).metadata.tokenSource).toBe("Cache");
    expect(requests()).toHaveLength(1);
    expect((await ask({ claims: "{}" })).metadata.tokenSource).toBe("IdentityProvider");
    expect((await ask({ skipCache: true })).metadata.tokenSource).toBe("IdentityProvider");
    expect((await ask({ resource: "api://orders" })).metadata.tokenSource).toBe("IdentityProvider");
    expect(requests()).toHaveLength(4);
    await expect(ask({ claims: "not JSON" })).rejects.toMatchObject({ code: "invalid_claims" });
    expect(requests()).toHaveLength(4);
  });

  it("past its refresh time is served while a new one is fetched behind it, and past its end is not", async () => {
    const clock = new TestClock();
    azure.emulator.tokens.expiresInSeconds = 4 * 3600;
    const application = azure.application({ env: azure.onAppService, clock });
    const first = await application.acquireToken({ resource: VAULT });
    clock.nowMs = first.refreshOn?.getTime() ?? Number.NaN;
    expect((await application.acquireToken({ resource: VAULT })).accessToken).toBe(first.accessToken);
    await expect.poll(() => azure.appServiceRequests().length).toBe(2);
    azure.emulator.tokens.expiresInSeconds = 3600;
    clock.nowMs = first.expiresOn.getTime() + 24 * 3600_000;
    expect((await application.acquireToken({ resource: VAULT })).metadata.tokenSource).toBe("IdentityProvider");
  });

  it("is never served for a bound one, nor a bound one for it", async () => {
    const cache = new TokenCache();
    const application = azure.application({ bindingKey, cache });
    const [plain, overMtls, pop] = [
      await application.acquireToken({ resource: VAULT }),
      await application.acquireToken({ resource: VAULT, sendCertificateOverMtls: true }),
      await application.acquireToken(bound),
    ];
    expect(new Set([plain, overMtls, pop].map(({ metadata }) => metadata.tokenSource))).toEqual(new Set(["IdentityProvider"]));
    expect(cache.size).toBe(3);
    expect((await application.acquireToken({ resource: VAULT })).accessToken).toBe(plain.accessToken);
    expect((await application.acquireToken(bound)).accessToken).toBe(pop.accessToken);
  });

  it("MI-12 over the issued certificate is asked for as `bearer` and has no binding certificate", async () => {
    const application = azure.application({ bindingKey });
    const result = await application.acquireToken({ resource: VAULT, sendCertificateOverMtls: true });
    expect(result).toMatchObject({ tokenType: "Bearer", bindingCertificate: undefined });
    const [request] = azure.tokenRequests();
    expect(new URLSearchParams(String(request?.body)).get("token_type")).toBe("bearer");
    expect(shownIn(request)).toBe(application.bindingCertificate()?.x5tS256);
    const hit = await application.acquireToken({ resource: VAULT, sendCertificateOverMtls: true });
    expect(hit).toMatchObject({ accessToken: result.accessToken, bindingCertificate: undefined, metadata: { tokenSource: "Cache" } });
  });

  it("MI-12 over the issued certificate is refused together with a bound token, and nobody is asked", async () => {
    const both = azure.application().acquireToken({ ...bound, sendCertificateOverMtls: true });
    await expect(both).rejects.toMatchObject({
      code: "invalid_options",
      message: expect.stringMatching(/mtlsProofOfPossession.*sendCertificateOverMtls/),
    });
    expect(azure.emulator.requests).toEqual([]);
  });
});

describe("each of a host's managed identities", () => {
  it("MI-04 is named as its endpoint wants it, and has its own certificate and tokens, also in a shared cache", async () => {
    const { managedIdentities } = azure.emulator;
    const { systemAssigned } = managedIdentities;
    const [one, two, three] = [managedIdentities.register(), managedIdentities.register(), managedIdentities.register()];
    const cache = new TokenCache();
    const cases = [
      { who: systemAssigned, identity: "system-assigned", query: () => ({}) },
      { who: one, identity: { userAssignedClientId: one.clientId }, query: () => ({ client_id: one.clientId }) },
      {
        who: two,
        identity: { userAssignedObjectId: two.objectId },
        query: (to) => ({ [to === "app" ? "principal_id" : "object_id"]: two.objectId }),
      },
      {
        who: three,
        identity: { userAssignedResourceId: three.resourceId },
        query: (to) => ({ [to === "v1" ? "msi_res_id" : "mi_res_id"]: three.resourceId }),
      },
    ] as const satisfies readonly { identity: unknown; who: object; query: (to: "v1" | "v2" | "app") => object }[];
    const thumbprints = new Set<string | undefined>();
    const tokens = new Set<string>();
    for (const { who, identity, query } of cases) {
      azure.emulator.forgetRequests();
      const onMachine = azure.application({ identity, bindingKey, cache });
      const pop = await onMachine.acquireToken(bound);
      const bearer = await onMachine.acquireToken({ resource: VAULT });
      const onAppService = await azure.application({ identity, cache, env: azure.onAppService }).acquireToken({ resource: VAULT });
      thumbprints.add(pop.bindingCertificate?.thumbprint);
      for (const result of [pop, bearer, onAppService]) {
        expect(result.metadata.tokenSource).toBe("IdentityProvider");
        expect(JSON.parse(Buffer.from(result.accessToken.split(".")[1] ?? "", "base64url").toString())).toMatchObject({
          appid: who.clientId,
        });
        tokens.add(result.accessToken);
      }
      const asked = { "api-version": "2018-02-01", resource: VAULT };
      expect(azure.metadataRequests().map((request) => request.query)).toEqual([
        { "cred-api-version": "2.0", ...query("v2") },
        { "cred-api-version": "2.0", ...query("v2") },
        { ...asked, ...query("v1") },
      ]);
      expect(azure.appServiceRequests().map((request) => request.query)).toEqual([
        { ...asked, "api-version": "2019-08-01", ...query("app") },
      ]);
    }
    expect(thumbprints.size).toBe(4);
    expect(tokens.size).toBe(12);
  });
});

describe("ManagedIdentityApplication, from an untyped caller", () => {
  it.each([
    null,
    "system-assigned",
    { identity: "6325cd32-9911-41f3-819c-416cdf9104e7" },
    { identity: { clientId: "x" } },
    { attestation: "token" },
    { bindingKey: {} },
    { knownAuthorities: "login.contoso.example" },
    { clientCapabilities: [7] },
    { transport: { timeout: 7 } },
    { cache: {} },
    { logger: "console" },
    { env: { MSI_ENDPOINT: 7 } },
    { env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: 7 } },
    { clock: {} },
    { certificate: {} },
  ])("is not made from %j", (options) => {
    expect(thrown(() => new ManagedIdentityApplication(options as never)).code).toBe("invalid_options");
  });

  it.each([
    undefined,
    "https://vault.azure.net",
    {},
    { resource: "" },
    { resource: "/.default" },
    { resource: "https://vault.azure.net https://graph.microsoft.com" },
    { resource: "a\r\nb" },
    { resource: "x".repeat(1001) },
    { resource: ["https://vault.azure.net"] },
    { resource: VAULT, scopes: [VAULT] },
    { resource: VAULT, mtlsProofOfPossession: "true" },
    { resource: VAULT, sendCertificateOverMtls: 1 },
    { resource: VAULT, claims: {} },
    { resource: VAULT, skipCache: 0 },
    { resource: VAULT, correlationId: "x" },
    { resource: VAULT, signal: {} },
  ])("does not acquire a token for %j", async (request) => {
    await expect(azure.application().acquireToken(request as never)).rejects.toMatchObject({ code: "invalid_options" });
    expect(azure.emulator.requests).toEqual([]);
  });

  it.each([
    undefined,
    {},
    { scopes: [] },
    { scopes: "https://vault.azure.net/.default" },
    { scopes: ["https://vault.azure.net/.default", "https://graph.microsoft.com/.default"] },
    { scopes: ["https://vault.azure.net"] },
    { scopes: [7] },
    { scopes: ["https://vault.azure.net/.default"], resource: VAULT, nonsense: 1 },
    { scopes: ["https://vault.azure.net/.default"], sendCertificateOverMtls: true },
  ])("does not acquire a bound token for %j", async (request) => {
    await expect(azure.application().acquireBoundToken(request as never)).rejects.toMatchObject({ code: "invalid_options" });
    expect(azure.emulator.requests).toEqual([]);
  });
});
