import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emulated, TestClock, VAULT_SCOPE } from "../emulated.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
let entra: Awaited<ReturnType<typeof emulated>>;
beforeAll(async () => {
  entra = await emulated();
});
afterAll(() => entra.close());

describe("concurrent callers, failures and time", () => {
  it("HTTP-04 a hundred callers at once make one token request", async () => {
    const application = entra.application();
    const before = entra.tokenRequests().length;
    const results = await Promise.all(Array.from({ length: 100 }, () => application.acquireTokenByClientCredential(bound)));
    expect(entra.tokenRequests()).toHaveLength(before + 1);
    expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1);
  });

  it("HTTP-05 callers with different certificates share no request and no connection", async () => {
    const other = await entra.anotherCertificate();
    const before = entra.tokenRequests().length;
    const applications = [entra.application(), entra.application({ certificate: other.certificate })];
    await Promise.all(Array.from({ length: 20 }, (_, index) => applications[index % 2]?.acquireTokenByClientCredential(bound)));
    const requests = entra.tokenRequests().slice(before);
    expect(requests).toHaveLength(2);
    expect(new Set(requests.map(({ connectionId }) => connectionId)).size).toBe(2);
    expect(requests.some(({ sessionReused }) => sessionReused)).toBe(false);
  });

  it("HTTP-06 a caller who leaves ends at once, and the others go on", async () => {
    const application = entra.application();
    entra.emulator.faults.add({ on: "token", kind: "latency", delayMs: 50 });
    const controller = new AbortController();
    const leaves = application.acquireTokenByClientCredential({ ...bound, signal: controller.signal });
    const stays = application.acquireTokenByClientCredential(bound);
    controller.abort();
    await expect(leaves).rejects.toMatchObject({ name: "AbortError" });
    expect((await stays).tokenType).toBe("mtls_pop");
  });

  it("HTTP-06 the last caller to leave frees the socket", async () => {
    const application = entra.application();
    entra.emulator.faults.add({ on: "token", kind: "hang" });
    const controller = new AbortController();
    const before = entra.tokenRequests().length;
    const leaves = application.acquireTokenByClientCredential({ ...bound, signal: controller.signal });
    await expect.poll(() => entra.tokenRequests().length).toBe(before + 1);
    controller.abort(new Error("enough"));
    await expect(leaves).rejects.toThrow("enough");
    expect((await application.acquireTokenByClientCredential(bound)).metadata.tokenSource).toBe("IdentityProvider");
  });

  it("takes one signal for many callers at once, and Node sees no leak in it", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const { signal } = new AbortController();
    const application = entra.application({ certificate: async () => entra.certificate });
    await Promise.all(Array.from({ length: 30 }, () => application.acquireTokenByClientCredential({ ...bound, signal })));
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  it("rejects a call whose signal has ended before, without a request", async () => {
    const before = entra.tokenRequests().length;
    await expect(entra.application().acquireTokenByClientCredential({ ...bound, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(entra.tokenRequests()).toHaveLength(before);
  });

  it("HTTP-07 a server that never answers is a time-out, after one more try", async () => {
    const clock = new TestClock();
    const application = entra.application({ clock, transport: { ...entra.transport, headersTimeoutMs: 60 } });
    entra.emulator.faults.add({ on: "token", kind: "hang", times: 2 });
    const before = entra.tokenRequests().length;
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ code: "timeout", retryable: true });
    expect(entra.tokenRequests()).toHaveLength(before + 2);
    expect(clock.slept).toEqual([1000]);
  });

  it.each([
    ["unavailable", {}],
    ["reset", {}],
  ] as const)("tries once more, a second later, after the fault %s", async (kind, details) => {
    const clock = new TestClock();
    const application = entra.application({ clock });
    entra.emulator.faults.add({ on: "token", kind, ...details });
    expect((await application.acquireTokenByClientCredential(bound)).tokenType).toBe("mtls_pop");
    expect(clock.slept).toEqual([1000]);
  });

  it("gives up after the second 503 and remembers nothing of it", async () => {
    const application = entra.application({ clock: new TestClock() });
    entra.emulator.faults.add({ on: "token", kind: "unavailable", times: 2 });
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ statusCode: 503, kind: "service" });
    expect((await application.acquireTokenByClientCredential(bound)).tokenType).toBe("mtls_pop");
  });

  it.each([
    ["throttle", 429],
    ["unavailable", 503],
  ] as const)(
    "does not retry the fault %s with Retry-After, and answers the next call in the endpoint's place",
    async (kind, statusCode) => {
      const clock = new TestClock();
      const application = entra.application({ clock });
      entra.emulator.faults.add({ on: "token", kind, retryAfterSeconds: 30 });
      const before = entra.tokenRequests().length;
      await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ statusCode, retryAfterSeconds: 30 });
      clock.advance(10_000);
      await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({
        code: "throttled",
        statusCode,
        retryAfterSeconds: 20,
        retryable: true,
      });
      expect(entra.tokenRequests()).toHaveLength(before + 1);
      expect(clock.slept).toEqual([]);
      clock.advance(20_001);
      expect((await application.acquireTokenByClientCredential(bound)).tokenType).toBe("mtls_pop");
    },
  );

  it("tells a failure to everyone who waited, and asks again for the next", async () => {
    const application = entra.application();
    entra.emulator.faults.add({ on: "token", kind: "entra-error", code: 700027 });
    const waits = await Promise.allSettled(Array.from({ length: 5 }, () => application.acquireTokenByClientCredential(bound)));
    expect(waits.map((wait) => wait.status === "rejected" && wait.reason.aadErrorCodes)).toEqual(Array(5).fill([700027]));
    expect((await application.acquireTokenByClientCredential(bound)).tokenType).toBe("mtls_pop");
  });

  it("names a host that nobody answers at", async () => {
    const application = entra.application({
      authority: `https://login.emulator.localhost:1/${entra.emulator.tenantId}`,
      knownAuthorities: ["login.emulator.localhost"],
    });
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({
      code: "network_error",
      message: expect.stringContaining("mtlsauth.emulator.localhost:1"),
      cause: expect.objectContaining({ code: "ECONNREFUSED" }),
    });
  });

  it("does not trust a server whose CA it does not know", async () => {
    const application = entra.application({ transport: { lookup: entra.emulator.lookup } });
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({
      code: "tls_handshake_failed",
      help: expect.stringContaining("`transport.ca`"),
    });
  });

  it("trusts a configured CA only for the hosts it is for", async () => {
    const transport = { ...entra.transport, caHosts: ["*.other.example"] };
    await expect(entra.application({ transport }).acquireTokenByClientCredential(bound)).rejects.toMatchObject({
      code: "tls_handshake_failed",
    });
    const right = { ...entra.transport, caHosts: ["*.emulator.localhost"] };
    expect((await entra.application({ transport: right }).acquireTokenByClientCredential(bound)).tokenType).toBe("mtls_pop");
  });
});
