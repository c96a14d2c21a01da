import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PopDispatcher } from "../../src/undici/index.js";
import { createPopDispatcher } from "../../src/undici/index.js";
import { given } from "../resource/calling.js";
import { startOddServer } from "../resource/odd-server.js";
import { thrown } from "../thrown.js";
import { dispatching } from "./dispatching.js";
import { recorder, type Steering, type Steps } from "./handling.js";

let world: Awaited<ReturnType<typeof dispatching>>;
let dispatcher: PopDispatcher;
let url: string;
beforeAll(async () => {
  world = await dispatching();
  dispatcher = world.dispatcher();
  ({ url } = world.customApi);
});
afterAll(async () => {
  await dispatcher.close();
  await world.close();
});
beforeEach(() => world.emulator.forgetRequests());

const KINDS = ["undici 6", "undici 7"] as const;

describe.each(KINDS)("a handler of the kind of %s", (kind) => {
  const get = (path: string, steps: Steps = {}, to = dispatcher, origin = url) => {
    const recorded = recorder(kind, steps);
    return { ...recorded, hasRoom: to.dispatch({ origin, path, method: "GET" }, recorded.handler) };
  };

  it("is told the start, the head, the bytes and the end", async () => {
    const { told, done, hasRoom } = get("/bytes/100000");
    expect([hasRoom, told.events]).toEqual([true, ["start"]]);
    await done;
    expect(told.events).toEqual(["start", "head", "end"]);
    expect(told.status).toBe(200);
    expect(told.headers).toMatchObject({ "content-type": "application/octet-stream" });
    expect(Buffer.concat(told.chunks).equals(Buffer.alloc(100_000, "mtls"))).toBe(true);
    expect(Object.keys(told.trailers ?? { none: "" })).toEqual([]);
  });

  it("holds the answer back until it resumes, at the head and within the body", async () => {
    const size = 8 * 1024 * 1024;
    const held: { by?: Steering } = {};
    const hold = (controller: Steering) => {
      held.by = controller;
      controller.pause();
    };
    const goOn = () => {
      const { by } = held;
      delete held.by;
      by?.resume();
    };
    let holdsData = true;
    const data = (controller: Steering) => {
      if (holdsData) hold(controller);
      holdsData = false;
    };
    const { told, done } = get(`/bytes/${size}`, { head: hold, data });
    await expect.poll(() => held.by).toBeDefined();
    // by then as much would have come
    await get(`/bytes/${size}`).done;
    expect(told.chunks).toEqual([]);
    goOn();
    await expect.poll(() => held.by).toBeDefined();
    const before = told.chunks.length;
    await get(`/bytes/${size}`).done;
    expect(told.chunks.length).toBe(before);
    goOn();
    await done;
    expect(Buffer.concat(told.chunks).equals(Buffer.alloc(size, "mtls"))).toBe(true);
  });

  it("aborts at the start, while it waits, at the head, within the body, and not after the end", async () => {
    const reason = new RangeError("enough");
    const atStart = get("/echo", { start: (controller) => controller.abort(reason) });
    expect(atStart.told).toMatchObject({ events: ["start", "error"], error: reason });
    expect(world.arrived()).toEqual([]);
    const kept: { by?: Steering } = {};
    const keep = (controller: Steering) => {
      kept.by = controller;
    };
    const waiting = get("/slow", { start: keep });
    await expect.poll(() => world.arrived().length).toBe(1);
    kept.by?.abort();
    expect(waiting.told).toMatchObject({ events: ["start", "error"], error: { name: "AbortError" } });
    const atHead = get("/echo", { head: (controller) => controller.abort(reason) });
    expect((await atHead.done).events).toEqual(["start", "head", "error"]);
    const within = get("/bytes/1000000", { data: (controller) => controller.abort(reason) });
    expect(await within.done).toMatchObject({ events: ["start", "head", "error"], error: reason });
    const after = get("/echo", { start: keep, end: () => kept.by?.abort(reason) });
    expect((await after.done).events).toEqual(["start", "head", "end"]);
  });

  it("that throws is told what it threw", async () => {
    const fail = () => {
      throw new RangeError("mine");
    };
    for (const steps of [{ start: fail }, { head: fail }, { data: fail }]) {
      const { told, done } = get("/echo", steps);
      if (!told.error) await done;
      expect(told.error).toMatchObject({ message: "mine" });
      expect(told.events.at(-1)).toBe("error");
    }
    const atEnd = get("/echo", { end: fail });
    await expect.poll(() => atEnd.told.error).toMatchObject({ message: "mine" });
    expect(atEnd.told.events).toEqual(["start", "head", "end", "error"]);
  });

  it("is told an answer that was read already, as after a 401 in either scheme", async () => {
    const strange = await dispatching({ customApi: { schemes: ["dpop"] } });
    const asking = strange.dispatcher();
    const { told, done } = get("/echo", {}, asking, strange.customApi.url);
    await done;
    expect([told.status, told.events]).toEqual([401, ["start", "head", "end"]]);
    expect(JSON.parse(Buffer.concat(told.chunks).toString())).toMatchObject({ error: "invalid_request" });
    await asking.close();
    await strange.close();
  });
});

it("holds the answer back from the start on", async () => {
  const held: { by?: Steering } = {};
  const start = (controller: Steering) => {
    held.by = controller;
    controller.pause();
  };
  const recorded = recorder("undici 7", { start });
  dispatcher.dispatch({ origin: url, path: "/bytes/100000", method: "GET" }, recorded.handler);
  await expect.poll(() => recorded.told.events).toEqual(["start", "head"]);
  // by then as much would have come
  const meanwhile = recorder("undici 7");
  dispatcher.dispatch({ origin: url, path: "/bytes/100000", method: "GET" }, meanwhile.handler);
  await meanwhile.done;
  expect(recorded.told.chunks).toEqual([]);
  held.by?.resume();
  expect(Buffer.concat((await recorded.done).chunks)).toHaveLength(100_000);
});

describe("an odd answer", () => {
  const HEAD = "HTTP/1.1 200 OK\r\n";

  async function odd(answer: string, more: { end?: boolean; bodyTimeout?: number; headersTimeout?: number } = {}) {
    const server = await startOddServer((socket) => {
      if (answer) socket.write(answer);
      if (more.end) socket.end();
    });
    const asking = createPopDispatcher({
      tokens: given({ accessToken: "token", tokenType: "mtls_pop", bindingCertificate: server.certificate }),
      resources: { odd: { baseUrl: server.url, authorizationScheme: "pop" } },
      transport: server.transport,
    });
    const { handler, done } = recorder("undici 7");
    const { bodyTimeout, headersTimeout } = { bodyTimeout: null, headersTimeout: null, ...more };
    asking.dispatch({ origin: server.url, path: "/", method: "GET", bodyTimeout, headersTimeout }, handler);
    const told = await done;
    await asking.close();
    await server.close();
    return told;
  }

  it("has trailers, several lines of one name, and bytes that are no ASCII", async () => {
    const told = await odd(
      `${HEAD}X-A: 1\r\nx-a: 2\r\n__proto__: p\r\nX-Byte: \xe4\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n`,
    );
    expect(told.headers).toMatchObject({ "x-a": ["1", "2"] });
    expect(Object.keys(told.headers ?? {})).toContain("__proto__");
    expect(told.trailers).toEqual({ "x-sum": "7" });
    expect(told.controller?.rawHeaders?.slice(0, 2).map(String)).toEqual(["X-A", "1"]);
    expect(told.controller?.rawTrailers?.map(String)).toEqual(["X-Sum", "7"]);
  });

  it("ends with one error when the connection is cut within it", async () => {
    const told = await odd(`${HEAD}Content-Length: 10\r\n\r\nhalf`, { end: true });
    expect(told).toMatchObject({ events: ["start", "head", "error"], error: { code: "network_error" } });
  });

  it("may be waited for as long as the call says, where that is shorter than the client's limit", async () => {
    expect(await odd(`${HEAD}Content-Length: 10\r\n\r\nhalf`, { bodyTimeout: 100 })).toMatchObject({
      events: ["start", "head", "error"],
      error: { code: "timeout", message: expect.stringContaining("100 ms") },
    });
    expect((await odd(`${HEAD}Content-Length: 2\r\n\r\nok`, { headersTimeout: 1e12, bodyTimeout: 0 })).events).toEqual([
      "start",
      "head",
      "end",
    ]);
    expect(await odd("", { headersTimeout: 100 })).toMatchObject({ events: ["start", "error"], error: { code: "timeout" } });
  });
});

describe("a handler that could not be told of an error", () => {
  it.each([
    ["nothing", undefined],
    ["text", "handler"],
    ["no function for errors", { onConnect: () => undefined }],
    ["no function for errors, of the newer kind", { onRequestStart: () => undefined, onError: () => undefined }],
  ])("is refused: %s", (_what, handler) => {
    // @ts-expect-error: for callers without types
    expect(thrown(() => dispatcher.dispatch({ origin: url, path: "/", method: "GET" }, handler)).code).toBe("invalid_options");
    expect(world.tokenRequests().length + world.arrived().length).toBe(0);
  });
});
