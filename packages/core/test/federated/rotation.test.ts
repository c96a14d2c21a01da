import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AuthenticationResult } from "../../src/application/authentication-result.js";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { FicAssertionProvider } from "../../src/federated/fic-assertion-provider.js";
import { FicLeg1Acquirer } from "../../src/federated/fic-leg1-acquirer.js";
import { TokenCache } from "../../src/token/token-cache.js";
import { TestClock, VAULT_SCOPE } from "../emulated.js";
import { twoLegs } from "./two-legs.js";

const scopes = [VAULT_SCOPE];
const bound = { scopes, mtlsProofOfPossession: true } as const;
const MINUTE_MS = 60 * 1000;
let legs: Awaited<ReturnType<typeof twoLegs>>;
let next: BindingCertificate;
beforeAll(async () => {
  legs = await twoLegs();
  next = (await legs.anotherCertificate()).certificate;
});
beforeEach(() => legs.emulator.forgetRequests());
afterAll(() => legs.close());

const counts = () => [legs.leg1Requests().length, legs.leg2Requests().length];

/** The `x5t#S256` that a token names. */
function confirmationOf({ accessToken }: AuthenticationResult): unknown {
  const claims = JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString());
  return claims.cnf["x5t#S256"];
}

describe("when leg 1 expires", () => {
  it("FIC-06 acquires it anew for the next exchange, and not before", async () => {
    const clock = new TestClock();
    const leg2 = legs.exchanger(legs.confidentialClient({ clock }), { clock });
    const { expiresOn } = await leg2.exchangeToken(bound);
    await leg2.exchangeToken({ ...bound, scopes: ["https://graph.microsoft.com/.default"] });
    expect(counts()).toEqual([1, 2]);
    clock.nowMs = expiresOn.getTime() - 4 * MINUTE_MS;
    expect((await leg2.exchangeToken(bound)).metadata.tokenSource).toBe("IdentityProvider");
    expect(counts()).toEqual([2, 3]);
    const assertions = legs.leg2Requests().map(({ form }) => form?.["client_assertion"]);
    expect(new Set(assertions).size).toBe(2);
    expect(assertions[0]).toBe(assertions[1]);
  });

  it("FIC-06 serves leg 2's token while it is valid, whatever has become of leg 1's", async () => {
    const clock = new TestClock();
    legs.emulator.tokens.expiresInSeconds = 600;
    const leg1 = legs.confidentialClient({ clock });
    await new FicLeg1Acquirer(leg1).acquireToken();
    legs.emulator.tokens.expiresInSeconds = 3599;
    const leg2 = legs.exchanger(leg1, { clock });
    const first = await leg2.exchangeToken(bound);
    clock.advance(11 * MINUTE_MS);
    expect((await leg2.exchangeToken(bound)).accessToken).toBe(first.accessToken);
    expect(counts()).toEqual([1, 1]);
  });
});

describe("when leg 1's certificate rotates", () => {
  it("FIC-06 does not serve the old bound leg-2 token, and serves each certificate's own", async () => {
    let current = legs.certificate;
    const leg2 = legs.exchanger(legs.confidentialClient({ certificate: () => current }));
    const old = await leg2.exchangeToken(bound);
    current = next;
    const fresh = await leg2.exchangeToken(bound);
    expect([old.bindingCertificate, fresh.bindingCertificate]).toEqual([legs.certificate, next]);
    expect(confirmationOf(fresh)).toBe(next.x5tS256);
    expect(counts()).toEqual([2, 2]);
    expect(leg2.bindingCertificate()).toBe(next);
    expect((await leg2.exchangeToken(bound)).accessToken).toBe(fresh.accessToken);
    current = legs.certificate;
    expect((await leg2.exchangeToken(bound)).accessToken).toBe(old.accessToken);
    expect(counts()).toEqual([2, 2]);
  });

  it("FIC-06 finds a managed identity's next certificate, and mints it when the old one has too little life left", async () => {
    const clock = new TestClock();
    legs.emulator.managedIdentities.certificateLifeSeconds = 2 * 60 * 60;
    legs.emulator.tokens.expiresInSeconds = 24 * 60 * 60;
    const application = legs.managedIdentity({ clock });
    const leg2 = legs.exchanger(application, { clock });
    expect(leg2.bindingCertificate()).toBeUndefined();
    const old = await leg2.exchangeToken(bound);
    expect(leg2.bindingCertificate()).toBe(old.bindingCertificate);
    clock.advance(80 * MINUTE_MS);
    expect((await leg2.exchangeToken(bound)).accessToken).toBe(old.accessToken);
    // a quarter of its life is left: it is used no more
    clock.advance(15 * MINUTE_MS);
    const fresh = await leg2.exchangeToken(bound);
    expect(fresh.bindingCertificate?.x5tS256).not.toBe(old.bindingCertificate?.x5tS256);
    expect(confirmationOf(fresh)).toBe(fresh.bindingCertificate?.x5tS256);
    expect(counts()).toEqual([2, 2]);
    legs.emulator.tokens.expiresInSeconds = 3599;
    legs.emulator.managedIdentities.certificateLifeSeconds = 7 * 24 * 60 * 60;
  });

  it("FIC-06 keeps the certificates of two leg 1s apart in one cache", async () => {
    const cache = new TokenCache();
    const leg2Of = (certificate: BindingCertificate) => legs.exchanger(legs.confidentialClient({ certificate }), { cache });
    const one = await leg2Of(legs.certificate).exchangeToken(bound);
    const two = await leg2Of(next).exchangeToken(bound);
    expect([one.bindingCertificate, two.bindingCertificate]).toEqual([legs.certificate, next]);
    expect((await leg2Of(legs.certificate).exchangeToken(bound)).accessToken).toBe(one.accessToken);
    expect(counts()).toEqual([2, 2]);
  });

  it("FIC-06 keeps a token under the certificate that it got, when that changes between the look-up and the assertion", async () => {
    let asked = 0;
    // the first look-up is leg 2's, the second one leg 1's own
    const certificate = () => (asked++ === 0 ? legs.certificate : next);
    const leg2 = legs.exchanger(legs.confidentialClient({ certificate }));
    const result = await leg2.exchangeToken(bound);
    expect(result.bindingCertificate).toBe(next);
    expect(confirmationOf(result)).toBe(next.x5tS256);
    const hit = await leg2.exchangeToken(bound);
    expect(hit.accessToken).toBe(result.accessToken);
    expect(hit.bindingCertificate).toBe(next);
    asked = 0;
    // and not under the one that it was looked up with
    expect((await leg2.exchangeToken(bound)).bindingCertificate).toBe(next);
    expect(counts()).toEqual([1, 2]);
  });

  it("FIC-06 in the middle of concurrent exchanges: who came before has the old certificate, who comes after the new one", async () => {
    let current = legs.certificate;
    const leg2 = legs.exchanger(legs.confidentialClient({ certificate: async () => current }));
    const exchange = () => Promise.all(Array.from({ length: 20 }, () => leg2.exchangeToken(bound)));
    legs.emulator.faults.add({ on: "token", kind: "latency", delayMs: 50 });
    const before = exchange();
    await expect.poll(() => legs.leg1Requests().length).toBe(1);
    current = next;
    const after = exchange();
    const results = { before: await before, after: await after };
    for (const result of results.before)
      expect([result.bindingCertificate, confirmationOf(result)]).toEqual([legs.certificate, legs.certificate.x5tS256]);
    for (const result of results.after) expect([result.bindingCertificate, confirmationOf(result)]).toEqual([next, next.x5tS256]);
    expect(counts()).toEqual([2, 2]);
    for (const { form, clientCertificate } of legs.leg2Requests()) {
      const claims = JSON.parse(Buffer.from(form?.["client_assertion"]?.split(".")[1] ?? "", "base64url").toString());
      const [leaf] = [legs.certificate, next].filter(({ x5tS256 }) => x5tS256 === claims.cnf["x5t#S256"]);
      expect(clientCertificate?.toString("base64")).toBe(leaf?.x5c[0]);
    }
    expect(await leg2.exchangeToken(bound)).toMatchObject({ bindingCertificate: next, metadata: { tokenSource: "Cache" } });
  });
});

describe("a provider that was made from a result", () => {
  it("FIC-06 is bound to that result's certificate, and says when it has ended", async () => {
    const clock = new TestClock();
    let current = legs.certificate;
    const leg1Result = await new FicLeg1Acquirer(legs.confidentialClient({ certificate: () => current })).acquireToken();
    const assertions = new FicAssertionProvider(leg1Result, { clock });
    const leg2 = legs.exchanger(legs.confidentialClient(), { assertions, clock });
    current = next;
    const result = await leg2.exchangeToken(bound);
    expect(result.bindingCertificate).toBe(legs.certificate);
    expect(leg2.bindingCertificate()).toBe(legs.certificate);
    clock.nowMs = leg1Result.expiresOn.getTime();
    await expect(leg2.exchangeToken({ ...bound, skipCache: true })).rejects.toMatchObject({
      code: "assertion_expired",
      help: expect.stringContaining("FicLeg1Acquirer"),
    });
    expect(counts()).toEqual([1, 1]);
  });
});
