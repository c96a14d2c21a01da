import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ClientAssertionRequest, ClientAssertionSource } from "../../src/application/client-assertion-source.js";
import { ConfidentialClientApplication } from "../../src/application/confidential-client-application.js";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { FicLeg1Acquirer } from "../../src/federated/fic-leg1-acquirer.js";
import { createPopFetch } from "../../src/resource/pop-fetch.js";
import { TestClock, VAULT_SCOPE } from "../emulated.js";
import { twoLegs } from "./two-legs.js";

const scopes = [VAULT_SCOPE];
const bound = { scopes, mtlsProofOfPossession: true } as const;
let legs: Awaited<ReturnType<typeof twoLegs>>;
beforeAll(async () => {
  legs = await twoLegs();
});
beforeEach(() => legs.emulator.forgetRequests());
afterAll(() => legs.close());

/** A source that counts, on top of a leg 1 whose certificate may change. */
function counted(certificateOf: () => BindingCertificate = () => legs.certificate) {
  const leg1 = new FicLeg1Acquirer(legs.confidentialClient({ certificate: certificateOf }));
  const asked: ClientAssertionRequest[] = [];
  let acquired = 0;
  let known = false;
  const source = {
    createAssertion: async (request: ClientAssertionRequest) => {
      asked.push(request);
      const { accessToken, bindingCertificate } = await leg1.acquireToken({ signal: request.signal });
      return { assertion: accessToken, tokenBindingCertificate: bindingCertificate };
    },
    bindingCertificate: () => (known ? certificateOf() : undefined),
    acquireBindingCertificate: async () => {
      acquired++;
      const { bindingCertificate } = await leg1.acquireToken();
      known = true;
      return bindingCertificate;
    },
  } satisfies ClientAssertionSource;
  return { asked, source, acquired: () => acquired };
}

describe("an assertion callback", () => {
  for (const mtlsProofOfPossession of [true, false]) {
    it(`FIC-07 is asked once per request and never on a hit, ${mtlsProofOfPossession ? "bound" : "Bearer"}`, async () => {
      const { asked, source } = counted();
      const leg2 = legs.leg2Application((request) => source.createAssertion(request));
      const request = { scopes, mtlsProofOfPossession };
      const results = await Promise.all(Array.from({ length: 30 }, () => leg2.acquireTokenByClientCredential(request)));
      expect(asked).toHaveLength(1);
      expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1);
      expect((await leg2.acquireTokenByClientCredential(request)).metadata.tokenSource).toBe("Cache");
      expect(asked).toHaveLength(1);
      await leg2.acquireTokenByClientCredential({ ...request, skipCache: true });
      await leg2.acquireTokenByClientCredential({ ...request, claims: '{"access_token":{}}' });
      expect(asked).toHaveLength(3);
      expect(legs.leg2Requests()).toHaveLength(3);
    });
  }

  it("FIC-07 is told who asks for what, and by which id and signal", async () => {
    const { asked, source } = counted();
    const leg2 = legs.leg2Application((request) => source.createAssertion(request));
    const correlationId = "c0ffee00-0000-4000-8000-000000000000";
    await leg2.acquireTokenByClientCredential({ ...bound, fmiPath: "agents/1", correlationId });
    expect(asked).toEqual([
      {
        clientId: legs.leg2ClientId,
        tenantId: legs.emulator.tenantId,
        mtlsProofOfPossession: true,
        claims: undefined,
        fmiPath: "agents/1",
        correlationId,
        signal: expect.any(AbortSignal),
      },
    ]);
  });

  it("FIC-07 gives both values in one call: the connection has the certificate that came with the assertion", async () => {
    const other = await legs.anotherCertificate();
    const order = [legs.certificate, other.certificate];
    let call = 0;
    const leg2 = legs.leg2Application(async () => {
      const leg1 = new FicLeg1Acquirer(legs.confidentialClient({ certificate: order[call++] ?? legs.certificate }));
      const { accessToken, bindingCertificate } = await leg1.acquireToken();
      return { assertion: accessToken, tokenBindingCertificate: bindingCertificate };
    });
    const first = await leg2.acquireTokenByClientCredential(bound);
    const second = await leg2.acquireTokenByClientCredential({ ...bound, skipCache: true });
    expect([first.bindingCertificate, second.bindingCertificate]).toEqual(order);
    expect(call).toBe(2);
    const hit = await leg2.acquireTokenByClientCredential(bound);
    expect(hit).toMatchObject({ accessToken: second.accessToken, bindingCertificate: other.certificate });
  });

  it("FIC-07 whose refresh runs behind a hit is asked for it once", async () => {
    const clock = new TestClock();
    const { asked, source } = counted();
    const leg2 = new ConfidentialClientApplication({
      ...legs.leg2Options,
      clock,
      clientAssertion: (request) => source.createAssertion(request),
    });
    legs.emulator.tokens.refreshInSeconds = 1800;
    const first = await leg2.acquireTokenByClientCredential(bound);
    clock.nowMs = (first.refreshOn?.getTime() ?? Number.NaN) + 1;
    for (let hit = 0; hit < 5; hit++) expect((await leg2.acquireTokenByClientCredential(bound)).accessToken).toBe(first.accessToken);
    await expect.poll(() => legs.leg2Requests().length).toBe(2);
    expect(asked).toHaveLength(2);
    legs.emulator.tokens.refreshInSeconds = undefined;
  });

  it("FIC-08 leg 2 with another certificate than the assertion's: AADSTS500181, explained", async () => {
    const { accessToken } = await new FicLeg1Acquirer(legs.confidentialClient()).acquireToken();
    const { certificate: stranger } = await legs.newCertificate();
    const leg2 = legs.leg2Application(async () => ({ assertion: accessToken, tokenBindingCertificate: stranger }));
    for (const mtlsProofOfPossession of [true, false]) {
      await expect(leg2.acquireTokenByClientCredential({ scopes, mtlsProofOfPossession })).rejects.toMatchObject({
        kind: "service",
        aadErrorCodes: [500181],
        help: expect.stringMatching(/certificate/i),
      });
    }
  });
});

describe("an assertion source", () => {
  it("FIC-07 is asked for its certificate before the cache, and once per request for an assertion", async () => {
    const { asked, source, acquired } = counted();
    const leg2 = legs.leg2Application(source);
    expect(leg2.bindingCertificate()).toBeUndefined();
    await leg2.acquireTokenByClientCredential(bound);
    expect(leg2.bindingCertificate()).toBe(legs.certificate);
    expect((await leg2.acquireTokenByClientCredential(bound)).metadata.tokenSource).toBe("Cache");
    expect([asked.length, acquired()]).toEqual([1, 1]);
    expect([legs.leg1Requests().length, legs.leg2Requests().length]).toEqual([1, 1]);
  });

  it("whose certificate is not known yet has one exchange, however late in it a caller comes", async () => {
    const { asked, source } = counted();
    const leg2 = legs.leg2Application(source);
    legs.emulator.faults.add({ on: "token", kind: "latency", delayMs: 50 });
    const early = Array.from({ length: 10 }, () => leg2.acquireTokenByClientCredential(bound));
    await expect.poll(() => legs.leg1Requests().length).toBe(1);
    const late = Array.from({ length: 10 }, () => leg2.acquireTokenByClientCredential(bound));
    await expect.poll(() => legs.leg2Requests().length).toBe(1);
    const latest = Array.from({ length: 10 }, () => leg2.acquireTokenByClientCredential(bound));
    const results = await Promise.all([...early, ...late, ...latest]);
    expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(asked).toHaveLength(1);
    expect([legs.leg1Requests().length, legs.leg2Requests().length]).toEqual([1, 1]);
  });

  it("FIC-07 whose assertion comes with another certificate than it tells is not asked anew at each hit", async () => {
    const clock = new TestClock();
    const { certificate: other } = await legs.anotherCertificate();
    let ahead = false;
    const { asked, source } = counted();
    const leg1 = new FicLeg1Acquirer(legs.confidentialClient({ certificate: other }));
    const createAssertion: ClientAssertionSource["createAssertion"] = async (request) => {
      if (!ahead) return source.createAssertion(request);
      asked.push(request);
      const { accessToken, bindingCertificate } = await leg1.acquireToken();
      return { assertion: accessToken, tokenBindingCertificate: bindingCertificate };
    };
    const clientAssertion = { ...source, createAssertion, bindingCertificate: () => legs.certificate };
    let acquired = 0;
    const logger = { info: () => void acquired++ };
    const leg2 = new ConfidentialClientApplication({ ...legs.leg2Options, clock, clientAssertion, logger });
    legs.emulator.tokens.refreshInSeconds = 1800;
    const first = await leg2.acquireTokenByClientCredential(bound);
    ahead = true;
    clock.nowMs = (first.refreshOn?.getTime() ?? Number.NaN) + 1;
    for (let hit = 0; hit < 3; hit++) {
      expect((await leg2.acquireTokenByClientCredential(bound)).accessToken).toBe(first.accessToken);
      await expect.poll(() => acquired).toBe(2);
      // what is done with the token has been done after this
      await new Promise(setImmediate);
    }
    expect(asked).toHaveLength(2);
    legs.emulator.tokens.refreshInSeconds = undefined;
  });

  it("is a connection's certificate, as soon as it is known", async () => {
    const { source } = counted();
    const { customApi } = legs.emulator;
    const tokens = legs.leg2Application(source);
    const pop = createPopFetch({
      tokens,
      transport: legs.transport,
      resources: { orders: { baseUrl: customApi.url, scope: customApi.scope } },
    });
    expect((await pop(`${customApi.url}/echo`)).status).toBe(200);
    await pop.close();
  });

  it("that gives no certificate is refused before any request", async () => {
    const { source } = counted();
    const leg2 = legs.leg2Application({ ...source, acquireBindingCertificate: async () => undefined as never });
    await expect(leg2.acquireTokenByClientCredential(bound)).rejects.toMatchObject({
      code: "mtls_certificate_not_provided",
      message: expect.stringContaining("`clientAssertion`"),
    });
    expect(legs.tokenRequests()).toEqual([]);
  });

  it("that never finds its certificate out ends with a time-out, and a caller may leave before", async () => {
    const { source } = counted();
    const clientAssertion = { ...source, acquireBindingCertificate: () => new Promise<never>(() => {}) };
    const leg2 = new ConfidentialClientApplication({ ...legs.leg2Options, clientAssertion, credentialTimeoutMs: 10 });
    await expect(leg2.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ code: "timeout" });
    const patient = new ConfidentialClientApplication({ ...legs.leg2Options, clientAssertion });
    const controller = new AbortController();
    const leaving = patient.acquireTokenByClientCredential({ ...bound, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(leaving).rejects.toThrow("enough");
  });

  it.each([[{}], [{ createAssertion: async () => ({ assertion: "a.b.c" }) }], [[]], ["a.b.c"]])("is not %o", (clientAssertion) => {
    expect(() => legs.leg2Application(clientAssertion as never)).toThrow(
      expect.objectContaining({ code: "invalid_options", message: expect.stringContaining("`clientAssertion`") }),
    );
  });
});
