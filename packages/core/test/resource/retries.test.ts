import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { createPopFetch, type PopFetchOptions } from "../../src/resource/pop-fetch.js";
import type { RetryOptions } from "../../src/resource/retry-options.js";
import { refusal } from "../certificate/authority.js";
import { thrown } from "../thrown.js";
import { startOddServer } from "./odd-server.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const answer = (status: number, ...headers: string[]) =>
  [`HTTP/1.1 ${status} Odd`, ...headers, "content-length: 4", "", `s${status}`].join("\r\n");
const busy = (...headers: string[]) => answer(503, ...headers);
const soon = busy("retry-after: 0");

/** A server that gives these answers in turn, the last one again and again; `undefined` is a reset. And a client of it. */
async function inTurn(answers: readonly (string | undefined)[], over: Partial<PopFetchOptions> = {}) {
  const seen: string[] = [];
  const server = await startOddServer((socket, data, connection) => {
    const next = answers[Math.min(seen.length, answers.length - 1)];
    const [, scheme = ""] = /authorization: (\w+)/i.exec(data) ?? [];
    seen.push(`${connection} ${data.split(" ")[0]} ${scheme}`);
    if (next === undefined) socket.destroy();
    else socket.write(data.startsWith("HEAD") ? next.slice(0, -4) : next);
  });
  const popFetch = server.popFetch(over);
  closers.push(server.close, popFetch.close);
  return { ...server, popFetch, seen };
}

const IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] as const;
const OTHERS = ["POST", "PATCH", "REPORT"] as const;

describe("a new connection that is closed before an answer", () => {
  it.each(IDEMPOTENT)("RETRY-01 is replaced once for a %s", async (method) => {
    const { popFetch, url, seen } = await inTurn([undefined, answer(200)]);
    const body = method === "PUT" ? new Blob(["again"]) : undefined;
    expect((await popFetch(url, { method, ...(body && { body }) })).status).toBe(200);
    expect(seen).toEqual([`1 ${method} pop`, `2 ${method} pop`]);
  });

  it("RETRY-01 is replaced once and no more, and the error says what it may be", async () => {
    const { popFetch, url, seen } = await inTurn([undefined]);
    expect(await refusal(popFetch(url))).toMatchObject({
      code: "network_error",
      retryable: true,
      message: expect.stringMatching(/closed a new connection.*may refuse this client certificate/),
    });
    expect(seen).toEqual(["1 GET pop", "2 GET pop"]);
  });

  it.each(OTHERS)("RETRY-02 is not for a %s", async (method) => {
    const { popFetch, url, seen } = await inTurn([undefined, answer(200)]);
    expect((await refusal(popFetch(url, { method, body: "once" }))).code).toBe("network_error");
    expect(seen).toEqual([`1 ${method} pop`]);
  });

  it("RETRY-02 is not for a stream", async () => {
    const { popFetch, url, seen } = await inTurn([undefined, answer(200)]);
    const body = new Blob(["once"]).stream();
    expect((await refusal(popFetch(url, { method: "PUT", body, duplex: "half" }))).code).toBe("network_error");
    expect(seen).toHaveLength(1);
  });

  it("RETRY-03 is once for a call, whatever else it is sent again for", async () => {
    const server = await inTurn([undefined, answer(401), undefined, answer(200)]);
    await using popFetch = negotiating(server);
    expect((await refusal(popFetch(server.url))).code).toBe("network_error");
    expect(server.seen).toEqual(["1 GET pop", "2 GET pop", "2 GET mtls_pop"]);
  });
});

describe("a 503 with a Retry-After", () => {
  it.each(IDEMPOTENT)("RETRY-04 is waited for, and a %s is sent once more over the same connection", async (method) => {
    const { popFetch, url, seen } = await inTurn([soon, answer(200)]);
    expect((await popFetch(url, { method, ...(method === "PUT" && { body: "again" }) })).status).toBe(200);
    expect(seen).toEqual([`1 ${method} pop`, `1 ${method} pop`]);
  });

  it("RETRY-04 is waited for as long as it says", async () => {
    const { popFetch, url } = await inTurn([busy("retry-after: 1"), answer(200)]);
    const beganAt = performance.now();
    expect((await popFetch(url)).status).toBe(200);
    expect(performance.now() - beganAt).toBeGreaterThan(990);
  });

  it("RETRY-04 may say a date", async () => {
    const { popFetch, url, seen } = await inTurn([busy(`retry-after: ${new Date().toUTCString()}`), answer(200)]);
    expect((await popFetch(url)).status).toBe(200);
    expect(seen).toHaveLength(2);
  });

  it("RETRY-04 that comes a second time is the caller's, whole", async () => {
    const { popFetch, url, seen } = await inTurn([soon]);
    const response = await popFetch(url);
    expect([response.status, response.headers.get("retry-after"), await response.text()]).toEqual([503, "0", "s503"]);
    expect(seen).toHaveLength(2);
  });

  it.each<[string, string]>([
    ["longer than 10 seconds", busy("retry-after: 11")],
    ["at a date that is further away", busy(`retry-after: ${new Date(Date.now() + 3_600_000).toUTCString()}`)],
    ["malformed", busy("retry-after: soon")],
    ["negative", busy("retry-after: -1")],
    ["absent", busy()],
    ["that of a 429", answer(429, "retry-after: 0")],
    ["that of a 502", answer(502, "retry-after: 0")],
  ])("RETRY-05 %s is the caller's at once, whole", async (_what, first) => {
    const { popFetch, url, seen } = await inTurn([first, answer(200)]);
    const response = await popFetch(url);
    expect(await response.text()).toBe(`s${response.status}`);
    expect(response.status).toBeGreaterThan(428);
    expect(seen).toHaveLength(1);
  });

  it.each(OTHERS)("RETRY-06 is the caller's for a %s", async (method) => {
    const { popFetch, url, seen } = await inTurn([soon, answer(200)]);
    expect(await (await popFetch(url, { method, body: "once" })).text()).toBe("s503");
    expect(seen).toHaveLength(1);
  });

  it("RETRY-06 is the caller's for a stream, and no error", async () => {
    const { popFetch, url, seen } = await inTurn([soon, answer(200)]);
    const body = new Blob(["once"]).stream();
    expect((await popFetch(url, { method: "PUT", body, duplex: "half" })).status).toBe(503);
    expect(seen).toHaveLength(1);
  });

  it("RETRY-07 ends with an abort while it is waited for", async () => {
    // longer than a test may take
    const retry = { maxRetryAfterSeconds: 3000 };
    const { popFetch, url, seen } = await inTurn([busy("retry-after: 3000"), answer(200)], { retry });
    const controller = new AbortController();
    const call = popFetch(url, { signal: controller.signal });
    await expect.poll(() => seen.length).toBe(1);
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    await popFetch.close();
    expect(seen).toHaveLength(1);
  });

  it("RETRY-07 leaves no listener on a signal that lives on", async () => {
    const { popFetch, url } = await inTurn([soon, answer(200)]);
    const { signal } = new AbortController();
    await (await popFetch(url, { signal })).text();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("RETRY-07 is under way for close(), which waits for the second answer", async () => {
    const { popFetch, url, seen } = await inTurn([busy("retry-after: 1"), answer(200)]);
    const call = popFetch(url);
    await expect.poll(() => seen.length).toBe(1);
    await popFetch.close();
    expect(seen).toHaveLength(2);
    expect((await call).status).toBe(200);
  });

  it("RETRY-03 is once for a call, beside a reset and another scheme", async () => {
    const server = await inTurn([undefined, soon, answer(401), soon]);
    await using popFetch = negotiating(server);
    expect((await popFetch(server.url)).status).toBe(503);
    expect(server.seen).toEqual(["1 GET pop", "2 GET pop", "2 GET pop", "2 GET mtls_pop"]);
  });
});

describe("the option `retry`", () => {
  it.each<[string, boolean | RetryOptions, readonly [resets: number, unavailable: number]]>([
    ["false", false, [1, 1]],
    ["true", true, [2, 2]],
    ["{}", {}, [2, 2]],
    ["onReset: false", { onReset: false }, [1, 2]],
    ["onUnavailable: false", { onUnavailable: false }, [2, 1]],
  ])("RETRY-08 %s", async (_what, retry, [resets, unavailable]) => {
    const lost = await inTurn([undefined], { retry });
    expect((await refusal(lost.popFetch(lost.url))).code).toBe("network_error");
    expect(lost.seen).toHaveLength(resets);
    const asked = await inTurn([soon], { retry });
    expect((await asked.popFetch(asked.url)).status).toBe(503);
    expect(asked.seen).toHaveLength(unavailable);
  });

  it("RETRY-08 off holds for a kept-alive connection too, and the error says so", async () => {
    const { popFetch, url, seen } = await inTurn([answer(200), undefined, answer(200)], { retry: false });
    await (await popFetch(url)).text();
    expect(await refusal(popFetch(url))).toMatchObject({
      code: "network_error",
      message: expect.stringMatching(/closed a kept-alive connection before it answered, and the GET request is not retried/),
    });
    expect(seen).toHaveLength(2);
  });

  it.each([
    [1, 2],
    [0.5, 1],
  ])("RETRY-08 maxRetryAfterSeconds: %d moves the longest wait", async (maxRetryAfterSeconds, times) => {
    const { popFetch, url, seen } = await inTurn([busy("retry-after: 1"), answer(200)], { retry: { maxRetryAfterSeconds } });
    await popFetch(url);
    expect(seen).toHaveLength(times);
  });

  it.each<[unknown, RegExp]>([
    ["yes", /`retry` as true, false or an object/],
    [{ onResets: true }, /`onResets` is not an option; did you mean `onReset`/],
    [{ onReset: 1 }, /`onReset` as true or false/],
    [{ maxRetryAfterSeconds: -1 }, /`maxRetryAfterSeconds` as a number of seconds from 0 to 3600/],
    [{ maxRetryAfterSeconds: Number.NaN }, /`maxRetryAfterSeconds`/],
    [{ maxRetryAfterSeconds: 3601 }, /`maxRetryAfterSeconds`/],
  ])("RETRY-08 %j is refused", (retry, message) => {
    const tokens = { acquireBoundToken: () => Promise.reject() };
    expect(thrown(() => createPopFetch({ tokens, retry: retry as boolean }))).toMatchObject({
      code: "invalid_options",
      message: expect.stringMatching(message),
    });
  });
});

/** Another client of the same server, whose scheme is negotiated. */
function negotiating({ url, popFetch: _own, ...server }: Awaited<ReturnType<typeof inTurn>>) {
  const token = { accessToken: "token", tokenType: "mtls_pop", bindingCertificate: server.certificate };
  return createPopFetch({
    tokens: { acquireBoundToken: async () => token },
    resources: { odd: { baseUrl: url } },
    transport: server.transport,
  });
}
