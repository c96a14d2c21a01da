import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { VAULT_SCOPE } from "../emulated.js";
import { type VaultHost, vaultHost } from "./vault-host.js";

let host: VaultHost;
beforeAll(async () => {
  host = await vaultHost();
});
afterEach(() => host.reset());
afterAll(() => host.close());

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A source whose time a test moves by hand. */
function timed(over: Parameters<VaultHost["source"]>[0] = {}) {
  const time = { now: Date.now() };
  const news = host.news();
  return { time, news, source: host.source({ now: () => time.now, logger: news.logger, ...over }) };
}

describe("a new version of a vault's certificate", () => {
  it("is taken up behind a use, and the next token has it", async () => {
    host.anIdentity();
    host.put(host.issued);
    const { time, news, source } = timed();
    const application = host.application({ certificate: source });
    const request = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
    const first = await application.acquireTokenByClientCredential(request);
    const renewed = await host.anotherCertificate();
    host.put(renewed.issued);
    // not yet due: nobody asks
    expect((await application.acquireTokenByClientCredential(request)).metadata.tokenSource).toBe("Cache");
    time.now += HOUR_MS;
    const during = await application.acquireTokenByClientCredential(request);
    expect([during.metadata.tokenSource, during.bindingCertificate?.thumbprint]).toEqual(["Cache", first.bindingCertificate?.thumbprint]);
    expect(await news.next("changed")).toContain(renewed.certificate.thumbprint);
    const after = await application.acquireTokenByClientCredential(request);
    expect(after.metadata.tokenSource).toBe("IdentityProvider");
    expect(after.bindingCertificate?.thumbprint).toBe(renewed.certificate.thumbprint);
    expect(host.tokenRequests().at(-1)?.clientCertificate).toEqual(renewed.issued.certificateDer);
  });

  it("that is the one in use stays the same object, and its secret is not fetched again", async () => {
    host.anIdentity();
    await host.putNew();
    const { time, source } = timed();
    const first = await source();
    host.emulator.forgetRequests();
    time.now += HOUR_MS;
    source();
    await expect.poll(() => host.requestsTo("key-vault").filter(({ status }) => status === 200)).toHaveLength(1);
    time.now += HOUR_MS;
    expect(source()).toBe(first);
    await expect.poll(() => host.requestsTo("key-vault").filter(({ status }) => status === 200)).toHaveLength(2);
    expect(host.requestsTo("key-vault").filter(({ path }) => path.startsWith("/secrets/"))).toEqual([]);
  });

  it.each([
    ["is disabled", {}, "is disabled"],
    ["is not valid yet", { notBefore: new Date(Date.now() + DAY_MS) }, "is valid from"],
    ["has expired", { notAfter: new Date(Date.now() - DAY_MS) }, "expired at"],
  ])("that %s is not taken up, and taken up when that is over", async (_flaw, wanted, words) => {
    host.anIdentity();
    await host.putNew();
    const { time, news, source } = timed();
    const first = await source();
    const { version } = await host.putNew(wanted);
    if (words === "is disabled") host.vault.certificates.update("orders", version, { enabled: false });
    time.now += HOUR_MS;
    expect(source()).toBe(first);
    expect(await news.next(words)).toContain(`${first.thumbprint} stays until ${first.notAfter.toISOString()}`);
    const { issued } = await host.putNew();
    time.now += 30_000;
    expect(source()).toBe(first);
    await news.next("changed");
    expect(source()).toMatchObject({ thumbprint: issued.thumbprint });
  });
});

describe("a vault that is down", () => {
  it("changes nothing while the certificate is valid; it is asked again after 30 s, a minute, two and so on, and never less than usual", async () => {
    host.anIdentity();
    await host.putNew();
    const { time, news, source } = timed({ refreshAfterSeconds: 300 });
    const first = await source();
    host.emulator.faults.add({ on: "key-vault", kind: "unavailable", times: 1000 });
    for (const waitMs of [300_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
      host.emulator.forgetRequests();
      time.now += waitMs - 1;
      expect(source()).toBe(first);
      expect(host.requestsTo("key-vault")).toEqual([]);
      time.now += 1;
      expect(source()).toBe(first);
      expect(await news.next("could not be read anew")).toContain("503");
    }
    host.emulator.faults.clear();
    const { issued } = await host.putNew();
    time.now += 300_000;
    source();
    await news.next("changed");
    expect(source()).toMatchObject({ thumbprint: issued.thumbprint });
    expect(news.unread).toEqual([]);
  });

  it("is why calls fail after the certificate has ended, and not any more when it is up", async () => {
    host.anIdentity();
    const notAfter = new Date(Date.now() + DAY_MS);
    await host.putNew({ notAfter });
    const { time, source } = timed();
    const first = await source();
    host.emulator.faults.add({ on: "key-vault", kind: "unavailable", times: 1 });
    time.now = notAfter.getTime() + 1000;
    const failed = Promise.resolve(source());
    await expect(failed).rejects.toMatchObject({
      code: "certificate_expired",
      retryable: true,
      message: expect.stringMatching(new RegExp(`${first.thumbprint}.*expired at.*The vault answered 503`)),
      cause: expect.objectContaining({ code: "key_vault_error", statusCode: 503 }),
    });
    const { issued } = await host.putNew({ notAfter: new Date(Date.now() + 9 * DAY_MS) });
    expect(await source()).toMatchObject({ thumbprint: issued.thumbprint });
  });

  it("fails the first calls alone: nothing of it is kept", async () => {
    host.anIdentity();
    await host.putNew();
    const { source } = timed();
    host.emulator.faults.add({ on: "key-vault", kind: "unavailable", retryAfterSeconds: 7 });
    const failed = await Promise.allSettled([source(), source()]);
    expect(failed.map((one) => one.status === "rejected" && one.reason.toJSON())).toMatchObject(
      Array(2).fill({ code: "key_vault_error", kind: "service", statusCode: 503, retryable: true, retryAfterSeconds: 7 }),
    );
    expect((await source()).thumbprint).toMatch(/^[0-9A-F]{40}$/);
  });

  it("that has asked for a pause is not asked again before, and no longer than that", async () => {
    host.anIdentity();
    await host.putNew();
    const { time, source } = timed();
    host.emulator.faults.add({ on: "key-vault", kind: "throttle", retryAfterSeconds: 9, times: 1 });
    const throttled = { code: "key_vault_error", statusCode: 429, retryAfterSeconds: 9 };
    await expect(source()).rejects.toMatchObject(throttled);
    host.emulator.forgetRequests();
    time.now += 8999;
    await expect(source()).rejects.toMatchObject(throttled);
    expect(host.requestsTo("key-vault")).toEqual([]);
    time.now += 1;
    expect((await source()).thumbprint).toMatch(/^[0-9A-F]{40}$/);
  });

  it("that has asked for a pause behind a use is not asked again before", async () => {
    host.anIdentity();
    await host.putNew();
    const { time, news, source } = timed();
    const first = await source();
    const patient = timed({ refreshAfterSeconds: 10 });
    await patient.source();
    host.emulator.faults.add({ on: "key-vault", kind: "throttle", retryAfterSeconds: 20, times: 1 });
    patient.time.now += 10_000;
    patient.source();
    await patient.news.next("429");
    const { issued } = await host.putNew();
    patient.time.now += 19_999;
    patient.source();
    // another reading of the same vault, after which that one would have been over
    time.now += HOUR_MS;
    expect(source()).toBe(first);
    await news.next("changed");
    expect(patient.news.unread).toEqual([]);
    patient.time.now += 1;
    patient.source();
    await patient.news.next("changed");
    expect(patient.source()).toMatchObject({ thumbprint: issued.thumbprint });
  });
});
