import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PopFetch } from "../../src/resource/pop-fetch.js";
import { refusal } from "../certificate/authority.js";
import { calling, echoed } from "./calling.js";

let world: Awaited<ReturnType<typeof calling>>;
let popFetch: PopFetch;
let url: string;
beforeAll(async () => {
  world = await calling();
  popFetch = world.popFetch();
  url = `${world.customApi.url}/echo`;
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(async () => {
  await popFetch.close();
  await world.close();
});

const post = (body: unknown, init: RequestInit = {}) =>
  echoed(popFetch(url, { method: "POST", body: body as NonNullable<RequestInit["body"]>, ...init }));

describe("the input", () => {
  it("FETCH-01 is a string, a URL or a Request, and a fragment is not sent", async () => {
    for (const input of [`${url}?a=1#f`, new URL(`${url}?a=1#f`), new Request(`${url}?a=1#f`)]) {
      const response = await popFetch(input);
      expect(response.url).toBe(`${url}?a=1`);
      expect(await echoed(response)).toMatchObject({ method: "GET", query: { a: "1" } });
    }
  });

  it("FETCH-02 of a Request gives method, headers and body", async () => {
    const headers = { "x-mine": "1", "content-type": "text/x-mine" };
    const echo = await echoed(popFetch(new Request(url, { method: "PUT", headers, body: "body" })));
    expect(echo).toMatchObject({
      method: "PUT",
      text: "body",
      headers: { "x-mine": "1", "content-type": "text/x-mine", "content-length": "4" },
    });
  });

  it("FETCH-13 has headers without blanks around them, but for those that HTTP takes for a part of the value", async () => {
    const echo = await echoed(popFetch(url, { headers: { "x-mine": " \t\u00a0kept\u00a0\r\n" } }));
    expect(echo.headers["x-mine"]).toBe("\u00a0kept\u00a0");
  });

  it("FETCH-02 of a Request is overridden by init", async () => {
    const request = new Request(url, { method: "PUT", headers: { "x-mine": "1" }, body: "body" });
    const echo = await echoed(popFetch(request, { method: "POST", headers: { "x-other": "2" }, body: "other" }));
    expect(echo).toMatchObject({ method: "POST", text: "other", headers: { "x-other": "2" } });
    expect(echo.headers["x-mine"]).toBeUndefined();
  });

  it("FETCH-03 of a Request is used up", async () => {
    const request = new Request(url, { method: "POST", body: "body" });
    expect((await echoed(popFetch(request))).text).toBe("body");
    expect(request.bodyUsed).toBe(true);
    expect((await refusal(popFetch(request))).message).toMatch(/has been read already/);
  });

  it("FETCH-03 of a Request with a long body is sent as the stream it is", async () => {
    const body = Buffer.alloc(300_000, "long");
    const echo = await echoed(popFetch(new Request(url, { method: "POST", body })));
    expect(echo.headers["transfer-encoding"]).toBe("chunked");
    expect(echo.bodySha256).toBe(sha256(body));
  });

  it("FETCH-31 of a Request that is aborted ends the call, also while its body is being read", async () => {
    const controller = new AbortController();
    let cancelled: unknown;
    const body = new ReadableStream({
      cancel(reason) {
        cancelled = reason;
      },
    });
    const request = new Request(url, { method: "POST", body, duplex: "half", signal: controller.signal });
    const call = popFetch(request);
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    await expect.poll(() => cancelled).toEqual(new Error("enough"));
    expect(world.arrived()).toEqual([]);
  });

  it("fails with the token while a body is still being read, and the process lives", async () => {
    await using own = world.popFetch({ tokens: { acquireBoundToken: () => Promise.reject(new Error("no token")) } });
    const controller = new AbortController();
    const body = new ReadableStream({ start: () => undefined });
    const request = new Request(url, { method: "POST", body, duplex: "half", signal: controller.signal });
    await expect(own(request)).rejects.toThrow("no token");
    controller.abort();
  });

  it.each([
    ["post", "POST"],
    ["Patch", "PATCH"],
    ["delete", "DELETE"],
    ["options", "OPTIONS"],
    ["m-search", "M-SEARCH"],
  ])("FETCH-10 writes the method %s as %s", async (method, written) => {
    expect((await echoed(popFetch(url, { method }))).method).toBe(written);
  });

  it.each(["CONNECT", "trace", "TRACK", "GE T", "", "GET\r\nx: y"])("FETCH-11 refuses the method %j", async (method) => {
    expect((await refusal(popFetch(url, { method }))).code).toBe("invalid_options");
    expect(world.arrived()).toEqual([]);
  });

  it.each<[string, unknown]>([
    ["an unknown redirect mode", { redirect: "never" }],
    ["a signal that is none", { signal: {} }],
    ["text in place of options", "POST"],
    ["a look-alike of a Blob", { method: "POST", body: { [Symbol.toStringTag]: "Blob" } }],
  ])("refuses %s", async (_what, init) => {
    expect((await refusal(popFetch(url, init as RequestInit))).code).toBe("invalid_options");
    expect(world.arrived()).toEqual([]);
  });

  it("FETCH-70 refuses a Request with integrity", async () => {
    expect((await refusal(popFetch(new Request(url, { integrity: "sha256-x" })))).code).toBe("invalid_options");
  });

  it.each([undefined, null, 1, {}, { url: 1 }, { url: "https://x", headers: 1 }, []])("refuses the input %j", async (input) => {
    const { code } = await refusal(popFetch(input as never));
    expect(["invalid_options", "resource_not_configured"]).toContain(code);
  });
});

describe("the headers", () => {
  it("FETCH-12 are the caller's, joined by name, before the resource's and the platform's own", async () => {
    const orders = { ...world.resources.orders, headers: { "x-resource": "r", "x-both": "r", "User-Agent": "mine" } };
    await using own = world.popFetch({ resources: { orders } });
    const { headers } = await echoed(
      own(url, {
        headers: [
          ["X-Both", "c"],
          ["x-twice", "1"],
          ["X-Twice", " 2 "],
        ],
      }),
    );
    expect(headers).toMatchObject({ "x-resource": "r", "x-both": "c", "x-twice": "1, 2", "user-agent": "mine", accept: "*/*" });
    expect(headers["accept-encoding"]).toBe("br, gzip");
  });

  it("FETCH-13 arrive as Latin-1, with a body of text as well", async () => {
    const headers = { "x-name": "J\u00fcrgen" };
    expect((await echoed(popFetch(url, { headers }))).headers["x-name"]).toBe("J\u00fcrgen");
    const echo = await post("J\u00fcrgen", { headers });
    expect(echo.headers["x-name"]).toBe("J\u00fcrgen");
    expect(echo.text).toBe("J\u00fcrgen");
  });

  it("FETCH-16 say nothing of a body that is not there, or its length 0", async () => {
    for (const method of ["GET", "DELETE", "OPTIONS"])
      expect(Object.keys((await echoed(popFetch(url, { method }))).headers)).not.toContain("content-length");
    for (const method of ["POST", "PUT", "PATCH", "REPORT"]) {
      const { headers } = await echoed(popFetch(url, { method, body: null }));
      expect([headers["content-length"], headers["transfer-encoding"]]).toEqual(["0", undefined]);
    }
  });

  it("FETCH-16 have a Content-Length that is computed, whatever the caller says", async () => {
    expect((await post("four", { headers: { "content-length": "400" } })).headers["content-length"]).toBe("4");
  });
});

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
