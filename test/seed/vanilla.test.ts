import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import {
  BindingCertificate,
  ConfidentialClientApplication,
  type ConfidentialClientOptions,
  certificateFromEnvironment,
  createPopClients,
  MtlsPopTokenAcquirer,
  RegionDetector,
  ResourceCaller,
} from "@mtls-pop/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { byHand, leafOf, PFX, surroundings } from "../direct-flow.js";

// one test for each statement of the seed `msal-mtls-pop-vanilla`, quoted in the test's name; what holds instead where PROTOCOL.md
// section 9 decides otherwise

const scopes = ["https://vault.azure.net/.default"];
const bound = { scopes, mtlsProofOfPossession: true } as const;
let seed: Awaited<ReturnType<typeof surroundings>>;
let certificate: BindingCertificate;
beforeAll(async () => {
  seed = await surroundings();
  certificate = await BindingCertificate.fromPfx(await readFile(PFX.path), { passphrase: PFX.password });
  seed.register(seed.clientId, certificate);
});
beforeEach(() => seed.emulator.forgetRequests());
afterAll(() => seed.emulator.close());

function build(over: Partial<Omit<ConfidentialClientOptions, "clientAssertion" | "clientSecret">> = {}): ConfidentialClientApplication {
  const { clientId, authority, knownAuthorities, transport } = seed;
  return new ConfidentialClientApplication({ clientId, authority, knownAuthorities, transport, certificate, ...over });
}

describe("When to Use This Flow", () => {
  it("“call a protected resource directly”: a vault, Graph and an API of one's own, each with its own token", async () => {
    const { resources, transport, emulator } = seed;
    const orders = { ...resources.orders, scope: emulator.customApi.scope };
    const pop = createPopClients({ tokens: build(), resources: { ...resources, orders }, transport });
    const answers = await Promise.all([
      pop.vault("/secrets/my-secret?api-version=7.4"),
      pop.graph("/v1.0/applications"),
      pop.orders("/echo"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await pop.close();
    expect(seed.requestsTo("token").map(({ form }) => form?.["scope"])).toEqual(
      expect.arrayContaining([...scopes, "https://graph.microsoft.com/.default", seed.emulator.customApi.scope]),
    );
  });

  it("“no delegation or token exchange - single-step acquisition”: one request, without assertion or secret", async () => {
    await build().acquireTokenByClientCredential(bound);
    const form = { client_id: seed.clientId, grant_type: "client_credentials", scope: scopes[0], token_type: "mtls_pop" };
    expect(seed.requestsTo("token").map((request) => request.form)).toEqual([form]);
  });
});

describe("Step-by-Step Implementation", () => {
  it("1 “Load Your Certificate, from file”: a PFX and its password give the certificate with its private key", async () => {
    const loaded = await BindingCertificate.fromPfx(await readFile(PFX.path), { passphrase: PFX.password });
    expect(loaded.subject).toBe("CN=fixture-rsa");
    expect(await loaded.sign(Buffer.from("proof"))).toHaveLength(256);
  });

  it("2 “Build the Confidential Client”: client id, authority with the tenant, certificate", async () => {
    expect(build().clientId).toBe(seed.clientId);
    expect((await build().acquireTokenByClientCredential(bound)).tenantId).toBe(seed.tenantId);
  });

  it("2 “sendX5C: true is required for mTLS PoP binding”: here it is accepted and changes nothing on the wire (PROTOCOL.md section 9)", async () => {
    for (const sendX5C of [true, false]) {
      const result = await build({ sendX5C }).acquireTokenByClientCredential(bound);
      expect(result.bindingCertificate).toBe(certificate);
    }
    const [withX5C, without] = seed.requestsTo("token").map(({ form, clientCertificate }) => ({ form, clientCertificate }));
    expect(withX5C).toEqual(without);
  });

  it("3 “WithMtlsProofOfPossession: request-level PoP enablement”: one application gives both kinds", async () => {
    const application = build();
    expect((await application.acquireTokenByClientCredential(bound)).tokenType).toBe("mtls_pop");
    expect((await application.acquireTokenByClientCredential({ scopes })).tokenType).toBe("Bearer");
  });

  it("4 “call the protected resource … same cert for mTLS transport”: by hand, with the result's certificate and header", async () => {
    const { scope, url } = seed.emulator.customApi;
    const result = await build().acquireTokenByClientCredential({ ...bound, scopes: [scope] });
    const secureContext = result.bindingCertificate?.secureContext({ ca: [seed.emulator.ca] });
    const agent = new Agent({ secureContext, lookup: seed.emulator.lookup });
    const answer = await byHand(`${url}/echo`, { agent, headers: { authorization: result.createAuthorizationHeader() } });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ clientId: seed.clientId, certificateSha256: certificate.thumbprintSha256 });
  });

  it("4 “Authorization header uses lowercase pop, not PoP or Bearer”", async () => {
    const { transport, resources, emulator } = seed;
    const result = await build().acquireTokenByClientCredential({ ...bound, scopes: [emulator.customApi.scope] });
    expect(result.createAuthorizationHeader()).toBe(`pop ${result.accessToken}`);
    expect(() => result.createAuthorizationHeader("Bearer")).toThrow(/does not go with/);
    const caller = new ResourceCaller(result, { transport, resources });
    await caller.callResource(`${emulator.customApi.url}/echo`);
    await caller.close();
    expect(seed.requestsTo("custom-api").map(({ headers }) => headers["authorization"])).toEqual([`pop ${result.accessToken}`]);
  });

  it("4 “pop {token}” to a vault: here mtls_pop, which vaults take today, at the first try (PROTOCOL.md section 9)", async () => {
    const { transport, resources, secretUrl } = seed;
    const result = await build().acquireTokenByClientCredential(bound);
    const caller = new ResourceCaller(result, { transport, resources });
    expect(JSON.parse(await caller.callResource(secretUrl))).toMatchObject({ value: "s3cret" });
    await caller.close();
    expect(seed.requestsTo("key-vault").map(({ headers }) => headers["authorization"])).toEqual([`mtls_pop ${result.accessToken}`]);
  });
});

describe("Production Helper Classes", () => {
  it("“MtlsPopTokenAcquirer: simplified wrapper for token acquisition”, from client id, tenant id and certificate", async () => {
    const { clientId, tenantId, authorityHost: authority, knownAuthorities, transport } = seed;
    const acquirer = new MtlsPopTokenAcquirer({ clientId, tenantId, certificate, authority, knownAuthorities, transport });
    const result = await acquirer.acquireToken({ scopes });
    expect(result.tokenType).toBe("mtls_pop");
    expect(result.bindingCertificate?.thumbprint).toBe(certificate.thumbprint);
  });

  it("“cancellationToken”: a signal, whose reason an aborted acquisition rejects with", async () => {
    const reason = new Error("no longer needed");
    await expect(new MtlsPopTokenAcquirer(build()).acquireToken({ scopes, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(seed.requestsTo("token")).toEqual([]);
  });

  it("“ResourceCaller: unified helper for calling resources with PoP tokens”, from the certificate, with the token of each call", async () => {
    const { transport, resources, secretUrl } = seed;
    const result = await build().acquireTokenByClientCredential(bound);
    const caller = new ResourceCaller(certificate, { transport, resources });
    const responseBody = await caller.callResource(secretUrl, { popToken: result.accessToken });
    expect(JSON.parse(responseBody)).toMatchObject({ value: "s3cret" });
    await caller.close();
  });
});

describe("Complete Example", () => {
  it("“load certificate, build app, acquire token, call resource”: “Secret retrieved”", async () => {
    const { clientId, authority, knownAuthorities, transport, resources, secretUrl } = seed;
    const loaded = await BindingCertificate.fromPfx(await readFile(PFX.path), { passphrase: PFX.password });
    const app = new ConfidentialClientApplication({ clientId, authority, certificate: loaded, sendX5C: true, knownAuthorities, transport });
    const result = await app.acquireTokenByClientCredential(bound);
    expect(result.tokenType).toBe("mtls_pop");
    expect(result.expiresOn.getTime()).toBeGreaterThan(Date.now());
    const caller = new ResourceCaller(loaded, { transport, resources });
    const response = await caller.callResource(secretUrl, { popToken: result.accessToken });
    expect(JSON.parse(response)).toMatchObject({ value: "s3cret" });
    await caller.close();
  });
});

describe("Token Caching", () => {
  it("“first call - hits network … second call - from cache”", async () => {
    const app = build();
    expect((await app.acquireTokenByClientCredential(bound)).metadata.tokenSource).toBe("IdentityProvider");
    expect((await app.acquireTokenByClientCredential(bound)).metadata.tokenSource).toBe("Cache");
    expect(seed.requestsTo("token")).toHaveLength(1);
  });
});

describe("Regional Endpoints", () => {
  it("“routes requests to https://<region>.mtlsauth…”: the region that is specified", async () => {
    const result = await build({ azureRegion: "westus3" }).acquireTokenByClientCredential(bound);
    expect(result.metadata.region).toBe("westus3");
    expect(seed.requestsTo("token").map(({ host }) => host)).toEqual(["westus3.mtlsauth.emulator.localhost"]);
  });

  it("“auto-discovers … region”", async () => {
    const regionDetector = new RegionDetector({ env: { REGION_NAME: "North Europe" } });
    await build({ azureRegion: "auto", regionDetector }).acquireTokenByClientCredential(bound);
    expect(seed.requestsTo("token").map(({ host }) => host)).toEqual(["northeurope.mtlsauth.emulator.localhost"]);
  });
});

describe("Error Handling", () => {
  it("“MsalServiceException: invalid client”: kind service, with Entra's number", async () => {
    const { certificatePem, privateKeyPem } = await seed.emulator.issueCertificate({ subject: "CN=stranger", keyType: "EC-P256" });
    const stranger = await BindingCertificate.fromPem(certificatePem, { key: privateKeyPem });
    const acquiring = build({ certificate: stranger }).acquireTokenByClientCredential(bound);
    await expect(acquiring).rejects.toMatchObject({ kind: "service", code: "invalid_client", aadErrorCodes: [700027] });
  });

  it("“MsalServiceException: unauthorized scopes”: kind service, with what to do", async () => {
    const acquiring = build().acquireTokenByClientCredential({ ...bound, scopes: ["https://management.azure.com/.default"] });
    await expect(acquiring).rejects.toMatchObject({ kind: "service", code: "invalid_resource", aadErrorCodes: [392196] });
    await expect(acquiring).rejects.toThrow(/another resource/);
  });

  it("“MsalClientException: certificate issues”: kind client", async () => {
    const { certificatePem, privateKeyPem } = await seed.emulator.issueCertificate({
      notAfter: new Date(Date.now() - 1000),
      keyType: "EC-P256",
    });
    const loading = BindingCertificate.fromPem(certificatePem, { key: privateKeyPem });
    await expect(loading).rejects.toMatchObject({ kind: "client", code: "certificate_expired" });
  });

  it("“MsalClientException: network failures”: kind client", async () => {
    seed.emulator.faults.add({ on: "token", kind: "region-down", host: "eastus.mtlsauth.emulator.localhost", times: 2 });
    const acquiring = build({ azureRegion: "eastus" }).acquireTokenByClientCredential(bound);
    await expect(acquiring).rejects.toMatchObject({
      kind: "client",
      code: expect.stringMatching(/^(network_error|tls_handshake_failed)$/),
    });
    seed.emulator.faults.clear();
  });
});

describe("Testing Your Implementation", () => {
  it("“authResult.TokenType == mtls_pop”", async () => {
    expect((await build().acquireTokenByClientCredential(bound)).tokenType).toBe("mtls_pop");
  });

  it("“authResult.BindingCertificate.Thumbprint == cert.Thumbprint”", async () => {
    expect((await build().acquireTokenByClientCredential(bound)).bindingCertificate?.thumbprint).toBe(certificate.thumbprint);
  });

  it("“second acquisition uses cache (TokenSource.Cache)”", async () => {
    const app = build();
    const first = await app.acquireTokenByClientCredential(bound);
    const second = await app.acquireTokenByClientCredential(bound);
    expect(second.metadata.tokenSource).toBe("Cache");
    expect(second.accessToken).toBe(first.accessToken);
  });
});

describe("Troubleshooting", () => {
  it("“token type is Bearer instead of mtls_pop”: mtlsProofOfPossession was left out", async () => {
    const result = await build({ sendX5C: true }).acquireTokenByClientCredential({ scopes });
    expect(result.tokenType).toBe("Bearer");
    expect(result.bindingCertificate).toBeUndefined();
  });

  it("“token type is Bearer instead of mtls_pop”: never when it was asked for, even if the service answers so", async () => {
    seed.emulator.faults.add({ on: "token", kind: "downgrade" });
    await expect(build().acquireTokenByClientCredential(bound)).rejects.toMatchObject({ code: "token_type_mismatch" });
  });

  it("“BindingCertificate is null: check that certificate has private key”: one without is refused when it is loaded", async () => {
    await expect(BindingCertificate.fromPem(leafOf(certificate))).rejects.toMatchObject({ code: "certificate_private_key_missing" });
  });

  it("“resource returns 401: verify lowercase pop and certificate is sent”: without either it does, with both it does not", async () => {
    const { url, scope } = seed.emulator.customApi;
    const { accessToken } = await build().acquireTokenByClientCredential({ ...bound, scopes: [scope] });
    const { ca, lookup } = seed.emulator;
    const shown = new Agent({ secureContext: certificate.secureContext({ ca: [ca] }), lookup });
    const call = (agent: Agent, scheme: string) => byHand(`${url}/echo`, { agent, headers: { authorization: `${scheme} ${accessToken}` } });
    expect(await call(shown, "pop")).toMatchObject({ status: 200 });
    expect(await call(shown, "Bearer")).toMatchObject({ status: 401 });
    expect(await call(new Agent({ ca, lookup }), "pop")).toMatchObject({ status: 401 });
  });

  it("“certificate not found in store”: the error says that Node cannot reach the stores, and what to set instead", () => {
    expect(() => certificateFromEnvironment({ env: {} })).toThrow(/certificate store .*keychain .*export .*PFX/);
  });
});
