import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isMtlsPopError } from "../../src/errors.js";
import { TokenCache } from "../../src/token/token-cache.js";
import { TestClock } from "../emulated.js";
import { startAuthority } from "../hostile-authority.js";

const bound = { scopes: ["https://vault.azure.net/.default"], mtlsProofOfPossession: true } as const;
let hostile: Awaited<ReturnType<typeof startAuthority>>;
beforeAll(async () => {
  hostile = await startAuthority();
});
afterAll(() => hostile.close());

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeEach(() => process.on("unhandledRejection", note));
afterEach(() => {
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

/** Asks for a token, and for another after one that was refused: nothing of the first may have been kept. */
async function outcome() {
  const cache = new TokenCache();
  const application = hostile.application({ cache, clock: new TestClock() });
  const refused = await application.acquireTokenByClientCredential(bound).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refused !== undefined && !isMtlsPopError(refused)) throw refused;
  return { refused, size: cache.size };
}

describe("an authority's answer of status 200", () => {
  it("is taken when it is good", async () => {
    expect(await outcome()).toEqual({ refused: undefined, size: 1 });
  });

  it.each([
    ["a lifetime below nothing", { expires_in: -1 }],
    ["a lifetime in words", { expires_in: "an hour" }],
    ["a lifetime that is no number", { expires_in: Number.NaN }],
    ["a lifetime of ages", { expires_in: 1e18 }],
    ["a lifetime in a list", { expires_in: [3600] }],
    ["no token", { access_token: undefined }],
    ["a token that is none", { access_token: { token: "x" } }],
    ["a token that would end a header", { access_token: "x\r\nx-evil: 1" }],
    ["a token type that is an object", { token_type: { toLowerCase: 1 } }],
    ["a token type of another kind", { token_type: "pop" }],
  ])("is refused, and nothing kept, with %s", async (_, over) => {
    hostile.answerNext({ ...hostile.good(), ...over });
    const { refused, size } = await outcome();
    expect(refused).toMatchObject({
      code: expect.stringMatching(/invalid_token_response|token_type_missing|token_type_mismatch/),
      kind: "client",
    });
    expect(size).toBe(0);
  });

  it("is refused with a lifetime that no number holds", async () => {
    hostile.answerNext(JSON.stringify(hostile.good()).replace("3600", "1e400"));
    expect(await outcome()).toMatchObject({ refused: { code: "invalid_token_response" }, size: 0 });
  });

  it.each([
    ["no JSON", "<html><script>alert(1)</script></html>"],
    ["cut off", '{"token_type":"mtls_pop","access_token":"eyJ'],
    ["a list", "[]"],
    ["nothing", ""],
    ["nested without end", "[".repeat(500_000)],
    ["10 MB", "x".repeat(10_000_000)],
    ["octets that are no UTF-8", Buffer.from([0xff, 0xfe, 0x00]).toString("latin1")],
  ])("is refused when it is %s", async (_, body) => {
    hostile.answerNext(body);
    const { refused, size } = await outcome();
    expect(refused).toMatchObject({ code: "invalid_token_response" });
    expect(size).toBe(0);
  });

  it("never comes back in an error", async () => {
    for (const over of [{ token_type: "Bearer" }, { expires_in: "x" }, { access_token: "secret token" }]) {
      const answer = { ...hostile.good(), ...over };
      hostile.answerNext(answer);
      const { refused } = await outcome();
      expect(inspect(refused, { depth: 9, showHidden: true })).not.toContain(answer.access_token);
    }
  });

  it("may name its scopes in any form, and gets no refresh at every call", async () => {
    hostile.answerNext({ ...hostile.good(), scope: ["a"], refresh_in: 0 });
    const application = hostile.application();
    const before = hostile.seen.requests;
    for (let call = 0; call < 5; call++) expect((await application.acquireTokenByClientCredential(bound)).scopes).toEqual(bound.scopes);
    expect(hostile.seen.requests).toBe(before + 1);
  });

  it("of another status is no token, and a redirect is not followed", async () => {
    for (const status of [201, 204, 206, 302, 307]) {
      hostile.answerNext(hostile.good(), status, { location: "https://mtlsauth.hostile.example/elsewhere" });
      const before = hostile.seen.requests;
      expect(await outcome()).toMatchObject({ refused: { code: "service_error", statusCode: status }, size: 0 });
      expect(hostile.seen.requests).toBe(before + 1);
    }
  });
});

describe("an authority's refusal", () => {
  it.each([
    ["escapes for a terminal", { error: "invalid_client", error_description: "\u001b]0;owned\u0007\r\nline" }],
    ["a description that is an object", { error: "invalid_client", error_description: { a: 1 } }],
    ["codes that are none", { error: "invalid_client", error_codes: [{}, "x", null, 1e300] }],
    ["an error that is a list", { error: ["invalid_client"] }],
    ["a megabyte of blanks", { error: "x", error_description: " ".repeat(1_000_000) }],
    ["an error's name from every object", { error: "constructor" }],
  ])("is an error of ours, short and clean, with %s", async (_, body) => {
    hostile.answerNext(body, 400);
    const { refused } = await outcome();
    expect(refused).toMatchObject({ kind: "service", statusCode: 400 });
    expect(refused?.message.length).toBeLessThan(1000);
    expect(refused?.message).not.toMatch(/\p{Cc}/u);
  });

  it("of 10 MB is one as well", async () => {
    hostile.answerNext("x".repeat(10_000_000), 400);
    expect((await outcome()).refused).toMatchObject({ code: "invalid_token_response" });
  });

  it("does not hold callers off for longer than an hour", async () => {
    const clock = new TestClock();
    const application = hostile.application({ clock });
    hostile.answerNext({ error: "x" }, 429, { "retry-after": "9999999999" });
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ statusCode: 429 });
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject({ code: "throttled", retryAfterSeconds: 3600 });
    clock.advance(3_600_001);
    expect((await application.acquireTokenByClientCredential(bound)).tokenType).toBe("mtls_pop");
  });
});

describe("many callers at once", () => {
  it("who leave, stay, fail and are held off all end, and the next one is served", async () => {
    const clock = new TestClock();
    const application = hostile.application({ clock });
    hostile.answerNext({ error: "temporarily_unavailable" }, 429, { "retry-after": "5" });
    const before = hostile.seen.requests;
    const controllers = Array.from({ length: 60 }, () => new AbortController());
    const waits = controllers.map(({ signal }, index) =>
      application.acquireTokenByClientCredential({ ...bound, ...(index % 2 === 0 && { signal }), skipCache: index % 3 === 0 }),
    );
    const settled = Promise.allSettled(waits);
    for (const [index, controller] of controllers.entries()) if (index % 4 === 0) controller.abort(new Error("enough"));
    const reasons = (await settled).map((wait) => (wait.status === "rejected" ? wait.reason : undefined));
    expect(reasons.filter((reason) => reason?.message === "enough")).toHaveLength(15);
    expect(reasons.filter((reason) => reason?.statusCode === 429)).toHaveLength(45);
    expect(hostile.seen.requests).toBe(before + 1);
    const held = await Promise.allSettled(Array.from({ length: 10 }, () => application.acquireTokenByClientCredential(bound)));
    expect(held.map((wait) => wait.status === "rejected" && wait.reason.code)).toEqual(Array(10).fill("throttled"));
    expect(hostile.seen.requests).toBe(before + 1);
    clock.advance(5001);
    const served = await Promise.all(Array.from({ length: 10 }, () => application.acquireTokenByClientCredential(bound)));
    expect(new Set(served.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(hostile.seen.requests).toBe(before + 2);
  });

  it("who all leave end the attempt, and who comes right after starts a new one", async () => {
    const application = hostile.application();
    const controller = new AbortController();
    const leaving = Array.from({ length: 20 }, () => application.acquireTokenByClientCredential({ ...bound, signal: controller.signal }));
    const settled = Promise.allSettled(leaving);
    controller.abort(new Error("enough"));
    const next = application.acquireTokenByClientCredential(bound);
    expect((await settled).every((wait) => wait.status === "rejected" && wait.reason.message === "enough")).toBe(true);
    expect((await next).tokenType).toBe("mtls_pop");
  });
});

describe("a token endpoint", () => {
  it.each(["TLSv1.2", "TLSv1.3"] as const)("PLAT-03 is asked over %s", async (version) => {
    const server = await startAuthority({ minVersion: version, maxVersion: version });
    try {
      const result = await server.application().acquireTokenByClientCredential(bound);
      expect(result.bindingCertificate).toBe(server.certificate);
      expect(server.seen.protocols).toEqual([version]);
    } finally {
      await server.close();
    }
  });
});
