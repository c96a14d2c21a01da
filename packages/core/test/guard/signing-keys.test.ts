import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { popChallenge } from "../../src/guard/pop-challenge.js";
import type { PopTokenOptions } from "../../src/guard/pop-token-options.js";
import { verifyPopToken } from "../../src/guard/verify-pop-token.js";
import { TestClock } from "../emulated.js";
import { caller, type Issuer, startIssuer } from "./issuer.js";

const MINUTE_MS = 60_000;
let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
beforeEach(() => issuer.answerWith());
afterAll(() => issuer.close());

/** A guard that has asked for no keys yet, with a clock that a test moves. */
function guard(over: Partial<PopTokenOptions> = {}) {
  const clock = new TestClock();
  const options = issuer.options({ clock, ...over });
  const before = issuer.asked();
  return {
    clock,
    asked: () => issuer.asked() - before,
    verify: async (token: string | Promise<string>, signal?: AbortSignal) =>
      verifyPopToken({ authorization: `pop ${await token}`, certificate: caller, signal }, options),
  };
}

/** A token that outlives the hours that a test lets pass. */
const lasting = () => issuer.token({ claims: { exp: Math.floor(Date.now() / 1000) + 86_400 } });
const unknownKey = (kid: string) => issuer.token({ header: { kid }, key: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey });
const unavailable = (message: RegExp) =>
  expect.objectContaining({ code: "signing_keys_unavailable", retryable: true, message: expect.stringMatching(message) });

describe("the issuer's keys", () => {
  it("are asked for once by 100 first tokens, and not again by those that follow", async () => {
    const { verify, asked } = guard();
    const token = await issuer.token();
    await Promise.all(Array.from({ length: 100 }, () => verify(token)));
    await verify(token);
    expect(asked()).toBe(1);
  });

  it("are asked for again after ten minutes", async () => {
    const { verify, asked, clock } = guard();
    await verify(lasting());
    clock.advance(10 * MINUTE_MS - 1);
    await verify(lasting());
    expect(asked()).toBe(1);
    clock.advance(1);
    await Promise.all([verify(lasting()), verify(lasting())]);
    expect(asked()).toBe(2);
  });

  it("are asked for again by a key that is not among them, once for all who wait and once in 30 seconds", async () => {
    const { verify, asked, clock } = guard();
    await verify(issuer.token());
    clock.advance(30_000);
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    issuer.keys.set("second", pair);
    try {
      const rolled = await issuer.token({ key: pair.privateKey, header: { kid: "second" } });
      await Promise.all([verify(rolled), verify(rolled), verify(rolled)]);
      expect(asked()).toBe(2);
    } finally {
      issuer.keys.delete("second");
    }
    for (const kid of ["a", "b", "c"]) await expect(verify(unknownKey(kid))).rejects.toMatchObject({ code: "token_key_unknown" });
    expect(asked()).toBe(2);
    clock.advance(30_000);
    await expect(verify(unknownKey("d"))).rejects.toMatchObject({ code: "token_key_unknown" });
    expect(asked()).toBe(3);
  });

  it("refuse a token that names none of several", async () => {
    const { verify } = guard();
    issuer.keys.set("second", generateKeyPairSync("rsa", { modulusLength: 2048 }));
    try {
      await expect(verify(issuer.token({ header: { kid: undefined } }))).rejects.toMatchObject({
        code: "token_key_unknown",
        message: expect.stringMatching(/does not say which/),
      });
    } finally {
      issuer.keys.delete("second");
    }
  });

  it("are used for an hour when they cannot be asked for again, and asked for once in 30 seconds", async () => {
    const { verify, asked, clock } = guard();
    await verify(lasting());
    issuer.answerWith((response) => void response.writeHead(503).end());
    clock.advance(10 * MINUTE_MS);
    await verify(lasting());
    await verify(lasting());
    expect(asked()).toBe(2);
    clock.advance(50 * MINUTE_MS - 1);
    await verify(lasting());
    expect(asked()).toBe(3);
    clock.advance(1);
    await expect(verify(lasting())).rejects.toEqual(unavailable(/status 503/));
    issuer.answerWith();
    await verify(lasting());
  });
});

describe("keys that cannot be had", () => {
  it.each<[string, Parameters<Issuer["answerWith"]>[0], RegExp]>([
    ["an error", (response) => void response.writeHead(500).end(), /https:\/\/issuer\.example:\d+: it answered with status 500/],
    ["a redirect", (response) => void response.writeHead(302, { location: "https://evil.example/keys" }).end(), /status 302/],
    ["a web page", (response) => void response.end("<html>"), /JSON/],
    ["no keys", (response) => void response.end('{"keys":[]}'), /no JSON Web Key Set/],
    ["another document", (response) => void response.end('{"issuer":"x"}'), /no JSON Web Key Set/],
    ["more than a megabyte", (response) => void response.end(" ".repeat(2 ** 20 + 1)), /more than 1048576 bytes/],
    ["a reset", (response) => void response.destroy(), /issuer\.example/],
  ])("are this side's trouble and no 401: %s", async (_name, answer, message) => {
    const { verify } = guard();
    issuer.answerWith(answer);
    const error: unknown = await verify(issuer.token()).catch((thrown: unknown) => thrown);
    expect(error).toEqual(unavailable(message));
    expect(popChallenge(error)).toBeUndefined();
  });

  it("are not waited for longer than the time-out, and the next token asks again", async () => {
    const { verify, asked } = guard({ jwksTimeoutMs: 50 });
    issuer.answerWith(() => undefined);
    await expect(verify(issuer.token())).rejects.toEqual(unavailable(/timeout/));
    issuer.answerWith();
    await verify(issuer.token());
    expect(asked()).toBe(2);
  });

  it("are not trusted from a server that the roots do not know", async () => {
    const { transport } = issuer.options();
    const { verify } = guard({ transport: { ...transport, ca: (await import("../certificate/authority.js")).authority.intermediatePem } });
    await expect(verify(issuer.token())).rejects.toEqual(unavailable(/certificate/));
  });

  it("that cannot check a signature are the issuer's fault", async () => {
    const { verify } = guard();
    issuer.answerWith((response) => void response.end('{"keys":[{"kty":"RSA","kid":"first","n":"AQAB","e":"AQAB"}]}'));
    await expect(verify(issuer.token())).rejects.toEqual(unavailable(/cannot be used/));
  });

  it("are given up on when the one who waits does, and the request with the last of them", async () => {
    const { verify } = guard();
    const controller = new AbortController();
    const other = new AbortController();
    const arrived = new Promise<import("node:http").ServerResponse>((resolve) => issuer.answerWith(resolve));
    const token = await issuer.token();
    const waiting = [verify(token, controller.signal), verify(token, other.signal)];
    const response = await arrived;
    controller.abort(new Error("enough"));
    await expect(waiting[0]).rejects.toThrow("enough");
    expect(response.destroyed).toBe(false);
    const closed = once(response, "close");
    other.abort(new Error("enough too"));
    await expect(waiting[1]).rejects.toThrow("enough too");
    await closed;
  });
});
