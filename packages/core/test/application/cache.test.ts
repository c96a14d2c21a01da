import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuthenticationResult } from "../../src/application/authentication-result.js";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { TokenCache } from "../../src/token/token-cache.js";
import { emulated, TestClock, VAULT_SCOPE } from "../emulated.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
/** All that a result has, but for its metadata. */
const FIELDS = [
  "accessToken",
  "tokenType",
  "expiresOn",
  "refreshOn",
  "scopes",
  "tenantId",
  "bindingCertificate",
  "correlationId",
] as const satisfies readonly (keyof AuthenticationResult)[];
const MINUTE = 60_000;
const REFRESH_IN_SECONDS = 1800;
let entra: Awaited<ReturnType<typeof emulated>>;
beforeAll(async () => {
  entra = await emulated();
  entra.emulator.tokens.refreshInSeconds = REFRESH_IN_SECONDS;
});
afterAll(() => entra.close());

async function countOf(run: () => Promise<unknown>): Promise<number> {
  const before = entra.tokenRequests().length;
  await run();
  return entra.tokenRequests().length - before;
}

describe("the token cache", () => {
  it("CACHE-01 a second call is served from the cache without a request", async () => {
    const application = entra.application();
    const first = await application.acquireTokenByClientCredential(bound);
    const requests = await countOf(async () => {
      const second = await application.acquireTokenByClientCredential(bound);
      expect(second.metadata.tokenSource).toBe("Cache");
      expect(second.accessToken).toBe(first.accessToken);
    });
    expect(requests).toBe(0);
  });

  it("CACHE-02 a certificate renewed with the same key misses", async () => {
    const renewed = await entra.anotherCertificate({ privateKey: entra.issued.privateKeyPem });
    expect(renewed.issued.privateKeyPem).toBe(entra.issued.privateKeyPem);
    let current = entra.certificate;
    const application = entra.application({ certificate: () => current });
    await application.acquireTokenByClientCredential(bound);
    current = renewed.certificate;
    const result = await application.acquireTokenByClientCredential(bound);
    expect(result.metadata.tokenSource).toBe("IdentityProvider");
    expect(result.bindingCertificate).toBe(renewed.certificate);
  });

  it("CACHE-03 two certificates in one cache are isolated", async () => {
    const other = await entra.anotherCertificate();
    const cache = new TokenCache();
    const [one, two] = [entra.application({ cache }), entra.application({ cache, certificate: other.certificate })];
    await one.acquireTokenByClientCredential(bound);
    const second = await two.acquireTokenByClientCredential(bound);
    expect(second.metadata.tokenSource).toBe("IdentityProvider");
    expect((await one.acquireTokenByClientCredential(bound)).bindingCertificate).toBe(entra.certificate);
    expect((await two.acquireTokenByClientCredential(bound)).bindingCertificate).toBe(other.certificate);
  });

  it("CACHE-03 two assertion callbacks in one cache are isolated, since each may bring another certificate", async () => {
    const other = await entra.anotherCertificate();
    const cache = new TokenCache();
    const callbackFor = async (certificate: BindingCertificate) => {
      const leg1 = entra.application({ certificate });
      const { accessToken } = await leg1.acquireTokenByClientCredential({ ...bound, scopes: ["api://AzureADTokenExchange/.default"] });
      return async () => ({ assertion: accessToken, tokenBindingCertificate: certificate });
    };
    const [first, second] = [await callbackFor(entra.certificate), await callbackFor(other.certificate)];
    const leg2 = (clientAssertion: typeof first) => entra.application({ cache, certificate: undefined, clientAssertion } as never);
    const one = await leg2(first).acquireTokenByClientCredential(bound);
    const two = await leg2(second).acquireTokenByClientCredential(bound);
    expect([one.bindingCertificate, two.bindingCertificate]).toEqual([entra.certificate, other.certificate]);
    expect(two.metadata.tokenSource).toBe("IdentityProvider");
    expect((await leg2(first).acquireTokenByClientCredential(bound)).accessToken).toBe(one.accessToken);
  });

  it("CACHE-04 the same leaf with another chain hits, and the hit carries the current certificate", async () => {
    const leafAlone = await BindingCertificate.fromPem(entra.issued.certificatePem, { key: entra.issued.privateKeyPem });
    let current = entra.certificate;
    const application = entra.application({ certificate: () => current });
    await application.acquireTokenByClientCredential(bound);
    current = leafAlone;
    const hit = await application.acquireTokenByClientCredential(bound);
    expect(hit.metadata.tokenSource).toBe("Cache");
    expect(hit.bindingCertificate).toBe(leafAlone);
  });

  it.each(["downgrade", "no-token-type", "no-confirmation", "wrong-confirmation", "bad-json"] as const)(
    "CACHE-05 of an answer with the fault %s nothing is written",
    async (kind) => {
      const cache = new TokenCache();
      const application = entra.application({ cache });
      entra.emulator.faults.add({ on: "token", kind });
      await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ kind: "client" });
      expect(cache.size).toBe(0);
      await application.acquireTokenByClientCredential(bound);
      expect(cache.size).toBe(1);
    },
  );

  it("CACHE-05 a downgraded answer to a refresh leaves the good token where it is", async () => {
    const clock = new TestClock();
    const application = entra.application({ clock });
    const first = await application.acquireTokenByClientCredential(bound);
    clock.nowMs = (first.refreshOn?.getTime() ?? Number.NaN) + 1;
    entra.emulator.faults.add({ on: "token", kind: "downgrade" });
    expect((await application.acquireTokenByClientCredential(bound)).accessToken).toBe(first.accessToken);
    // joins the refresh
    await expect(application.acquireTokenByClientCredential({ ...bound, skipCache: true })).rejects.toMatchObject({
      code: "token_type_mismatch",
    });
    expect((await application.acquireTokenByClientCredential(bound)).accessToken).toBe(first.accessToken);
  });

  it("CACHE-07 a hit has every field as at first, durations and source aside", async () => {
    const application = entra.application();
    const first = await application.acquireTokenByClientCredential(bound);
    const hit = await application.acquireTokenByClientCredential(bound);
    const { metadata: firstMetadata } = first;
    const { metadata: hitMetadata } = hit;
    for (const field of FIELDS) expect({ [field]: hit[field] }).toEqual({ [field]: first[field] });
    expect(hit.bindingCertificate).toBe(entra.certificate);
    expect(hit.refreshOn).toBeInstanceOf(Date);
    expect({ ...hitMetadata, tokenSource: "IdentityProvider", durations: firstMetadata.durations }).toEqual(firstMetadata);
  });

  it("hands each caller dates of its own: one that changes them changes nobody else's", async () => {
    const application = entra.application();
    const first = await application.acquireTokenByClientCredential(bound);
    const [expiresOn, refreshOn] = [first.expiresOn.getTime(), first.refreshOn?.getTime()];
    for (const result of [first, await application.acquireTokenByClientCredential(bound)]) {
      result.expiresOn.setFullYear(1999);
      result.refreshOn?.setFullYear(1999);
    }
    const hit = await application.acquireTokenByClientCredential(bound);
    expect([hit, first].map((result) => [result.expiresOn.getTime(), result.refreshOn?.getTime()])).toEqual([
      [expiresOn, refreshOn],
      [expiresOn, refreshOn],
    ]);
  });

  it("takes scopes in any order, and keeps tenants, scopes and fmi paths apart", async () => {
    const application = entra.application();
    await application.acquireTokenByClientCredential(bound);
    expect(
      await countOf(() => application.acquireTokenByClientCredential({ ...bound, scopes: ["https://graph.microsoft.com/.default"] })),
    ).toBe(1);
    expect(await countOf(() => application.acquireTokenByClientCredential({ ...bound, fmiPath: "agents/1" }))).toBe(1);
    expect(await countOf(() => application.acquireTokenByClientCredential({ ...bound, fmiPath: "agents/2" }))).toBe(1);
    expect(await countOf(() => application.acquireTokenByClientCredential({ ...bound, fmiPath: "agents/1" }))).toBe(0);
  });

  it("keeps client capabilities apart: a token that was issued to a client without them is not the same", async () => {
    const cache = new TokenCache();
    const [plain, capable] = [entra.application({ cache }), entra.application({ cache, clientCapabilities: ["cp1"] })];
    for (const request of [bound, { ...bound, fmiPath: "agents/1" }]) {
      await plain.acquireTokenByClientCredential(request);
      expect((await capable.acquireTokenByClientCredential(request)).metadata.tokenSource).toBe("IdentityProvider");
      expect((await capable.acquireTokenByClientCredential(request)).metadata.tokenSource).toBe("Cache");
    }
  });

  it("reads no cache when claims are asked for or skipCache is set, and keeps what comes", async () => {
    const application = entra.application();
    await application.acquireTokenByClientCredential(bound);
    expect(await countOf(() => application.acquireTokenByClientCredential({ ...bound, skipCache: true }))).toBe(1);
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
    const fresh = await application.acquireTokenByClientCredential({ ...bound, claims });
    expect(fresh.metadata.tokenSource).toBe("IdentityProvider");
    const hit = await application.acquireTokenByClientCredential(bound);
    expect(hit.accessToken).toBe(fresh.accessToken);
  });

  it("asks anew when five minutes are left of a token, and not before", async () => {
    const clock = new TestClock();
    const application = entra.application({ clock });
    entra.emulator.tokens.refreshInSeconds = undefined;
    const { expiresOn } = await application.acquireTokenByClientCredential(bound);
    entra.emulator.tokens.refreshInSeconds = REFRESH_IN_SECONDS;
    clock.nowMs = expiresOn.getTime() - 5 * MINUTE - 1;
    expect((await application.acquireTokenByClientCredential(bound)).metadata.tokenSource).toBe("Cache");
    clock.nowMs = expiresOn.getTime() - 5 * MINUTE;
    expect((await application.acquireTokenByClientCredential(bound)).metadata.tokenSource).toBe("IdentityProvider");
  });

  it("serves a token past its refresh time and fetches the next one behind it", async () => {
    const clock = new TestClock();
    const application = entra.application({ clock });
    const first = await application.acquireTokenByClientCredential(bound);
    clock.nowMs = (first.refreshOn?.getTime() ?? Number.NaN) + 1;
    const served = await application.acquireTokenByClientCredential(bound);
    expect(served.accessToken).toBe(first.accessToken);
    // joins the refresh that is under way instead of starting another
    const refreshed = await application.acquireTokenByClientCredential({ ...bound, skipCache: true });
    expect(refreshed.accessToken).not.toBe(first.accessToken);
    expect((await application.acquireTokenByClientCredential(bound)).accessToken).toBe(refreshed.accessToken);
  });

  it("serves a valid token although its refresh fails, warns, and does not ask at every call", async () => {
    const clock = new TestClock();
    const warnings: string[] = [];
    const application = entra.application({ clock, logger: { warn: (message) => warnings.push(message) } });
    const first = await application.acquireTokenByClientCredential(bound);
    clock.nowMs = (first.refreshOn?.getTime() ?? Number.NaN) + 1;
    entra.emulator.faults.add({ on: "token", kind: "throttle", times: 1 });
    const requests = await countOf(async () => {
      const hits = await Promise.all(Array.from({ length: 5 }, () => application.acquireTokenByClientCredential(bound)));
      for (const { accessToken } of hits) expect(accessToken).toBe(first.accessToken);
      await expect(application.acquireTokenByClientCredential({ ...bound, skipCache: true })).rejects.toMatchObject({ statusCode: 429 });
      for (let call = 0; call < 5; call++) {
        expect((await application.acquireTokenByClientCredential(bound)).accessToken).toBe(first.accessToken);
      }
    });
    expect(requests).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("refresh failed")]);
    expect(warnings.join()).not.toContain(first.accessToken);
  });

  it("does not outlive the certificate", async () => {
    const clock = new TestClock();
    const notAfter = new Date(Date.now() + 20 * MINUTE);
    const { certificate } = await entra.anotherCertificate({ notAfter });
    const application = entra.application({ certificate, clock });
    await application.acquireTokenByClientCredential(bound);
    clock.nowMs = notAfter.getTime() + 1;
    const requests = await countOf(() =>
      expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ code: "certificate_expired" }),
    );
    expect(requests).toBe(0);
  });

  it("sends no assertion that a certificate signs which has ended", async () => {
    const clock = new TestClock();
    const application = entra.application({ clock });
    clock.nowMs = entra.certificate.notAfter.getTime() + 1;
    const requests = await countOf(() =>
      expect(application.acquireTokenByClientCredential({ scopes: [VAULT_SCOPE] })).rejects.toMatchObject({ code: "certificate_expired" }),
    );
    expect(requests).toBe(0);
  });
});
