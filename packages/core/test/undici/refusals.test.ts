import { Readable } from "node:stream";
import { fetch as fetch7, Headers as Headers7, request } from "undici";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPopDispatcher, type PopDispatcher, type PopDispatchOptions } from "../../src/undici/index.js";
import { failure } from "../failure.js";
import { given } from "../resource/calling.js";
import { thrown } from "../thrown.js";
import { causeOf, dispatching } from "./dispatching.js";
import { recorder } from "./handling.js";

let world: Awaited<ReturnType<typeof dispatching>>;
let dispatcher: PopDispatcher;
const tokens = given(undefined);
let url: string;
beforeAll(async () => {
  world = await dispatching();
  dispatcher = world.dispatcher({ tokens });
  ({ url } = world.customApi);
});
afterAll(async () => {
  await dispatcher.close();
  await world.close();
});
beforeEach(() => {
  world.emulator.forgetRequests();
  tokens.asked = 0;
});

/** What the handler is told, once; nobody was asked for a token, and nothing was sent. */
function refused(options: object): unknown {
  const { handler, told } = recorder("undici 7");
  const whole: PopDispatchOptions = { origin: url, path: "/echo", method: "GET", ...options };
  expect(dispatcher.dispatch(whole, handler)).toBe(true);
  expect(told.events).toEqual(["error"]);
  expect(tokens.asked + world.arrived().length).toBe(0);
  return told.error;
}

describe("refused before a token is asked for", () => {
  it.each([
    ["an unknown origin", { origin: "https://elsewhere.example" }, "resource_not_configured"],
    ["http", { origin: "http://orders.api.emulator.localhost" }, "insecure_url"],
    ["no origin", { origin: undefined }, "invalid_options"],
    ["an origin that is no URL", { origin: "orders" }, "invalid_options"],
    ["an origin with a path", { origin: "https://elsewhere.example/orders" }, "invalid_options"],
    ["an origin with a query", { origin: "https://elsewhere.example?a=1" }, "invalid_options"],
    ["a user in the origin", { origin: "https://a:b@elsewhere.example" }, "invalid_options"],
    ["a path that is a URL", { path: "https://elsewhere.example/" }, "invalid_options"],
    ["a path without a slash", { path: "echo" }, "invalid_options"],
    ["a path with a line break", { path: "/echo\r\nX: 1" }, "invalid_options"],
    ["no path", { path: undefined }, "invalid_options"],
    ["query twice", { path: "/echo?a=1", query: { b: 2 } }, "invalid_options"],
    ["CONNECT", { method: "CONNECT" }, "invalid_options"],
    ["what is no method", { method: "G E T" }, "invalid_options"],
    ["no method", { method: undefined }, "invalid_options"],
    ["an upgrade", { upgrade: "websocket" }, "invalid_options"],
    ["redirects to follow", { maxRedirections: 5 }, "invalid_options"],
    ["throwOnError", { throwOnError: true }, "invalid_options"],
    ["another server name", { servername: "elsewhere.example" }, "invalid_options"],
    ["a time-out that is none", { headersTimeout: -1 }, "invalid_options"],
    ["a body of no kind", { method: "POST", body: 7 }, "invalid_options"],
    ["a body that is a plain object", { method: "POST", body: {} }, "invalid_options"],
    ["headers as text", { headers: "a: b" }, "invalid_options"],
    ["an odd number of headers", { headers: ["a"] }, "invalid_options"],
    ["a pair of three", { headers: new Set([["a", "b", "c"]]) }, "invalid_options"],
    ["a header that is an object", { headers: { a: {} } }, "invalid_options"],
    ["a line break in a header", { headers: { a: "b\r\nc: d" } }, "invalid_options"],
    ["another host", { headers: { Host: "elsewhere.example" } }, "invalid_options"],
    ["expect", { headers: { expect: "100-continue" } }, "invalid_options"],
    ["transfer-encoding", { headers: ["Transfer-Encoding", "chunked"] }, "invalid_options"],
    ["two lengths", { method: "POST", body: "x", headers: ["Content-Length", "1", "content-length", "2"] }, "invalid_options"],
    ["a length that is none", { method: "POST", body: "x", headers: { "Content-Length": "1, 1" } }, "invalid_options"],
  ])("%s", (_what, options, code) => {
    expect(refused(options)).toMatchObject({ name: "MtlsPopError", code });
  });

  it.each([
    ["an object", { AuthoriZation: "Bearer x" }],
    ["an object with several values", { authorization: ["Bearer x", "Bearer y"] }],
    ["names and values in turn", ["x-a", "1", "AUTHORIZATION", "Bearer x"]],
    ["bytes in turn", [Buffer.from("Authorization"), Buffer.from("Bearer x")]],
    ["pairs", [["Authorization", "Bearer x"]]],
    ["a Map", new Map([["Authorization", "Bearer x"]])],
    ["the platform's Headers", new Headers({ authorization: "Bearer x" })],
    ["undici's Headers", new Headers7({ authorization: "Bearer x" })],
    [
      "a generator",
      (function* () {
        yield ["authorization", "Bearer x"];
      })(),
    ],
    ["an empty one", { authorization: "" }],
    ["null", { authorization: null }],
  ])("an Authorization header in %s", (_what, headers) => {
    expect(refused({ headers })).toMatchObject({ code: "authorization_header_refused" });
  });

  it("a dispatch without options, and what fetch has it for; the stream of a body is let go of", async () => {
    const { handler, told } = recorder("undici 6");
    // @ts-expect-error: for callers without types
    dispatcher.dispatch(undefined, handler);
    expect(told).toMatchObject({ events: ["error"], error: { code: "invalid_options" } });
    const body = new Readable({ read: () => undefined });
    expect(refused({ origin: "https://elsewhere.example", method: "POST", body })).toMatchObject({ code: "resource_not_configured" });
    expect(body.destroyed).toBe(true);
    expect(await causeOf(fetch7(`${url}/echo`, { dispatcher, headers: { authorization: "Bearer x" } }))).toMatchObject({
      code: "authorization_header_refused",
    });
  });
});

it("lets pass what belongs to the connection and says nothing new, and skips what is undefined", async () => {
  await using own = world.dispatcher();
  const headers = {
    Host: new URL(url).host,
    Connection: "keep-alive",
    "x-a": undefined,
    "x-b": ["1", "2"],
    "x-c": null as unknown as string,
  };
  const { body } = await request(`${url}/echo`, {
    dispatcher: own,
    headers,
    reset: true,
    blocking: true,
    idempotent: false,
    expectContinue: true,
  });
  const { headers: sent } = (await body.json()) as { headers: Record<string, string> };
  expect(sent).toMatchObject({ "x-b": "1, 2", "x-c": "" });
  expect(sent).not.toHaveProperty("x-a");
});

describe("createPopDispatcher", () => {
  it("refuses options that createPopFetch refuses", () => {
    // @ts-expect-error: for callers without types
    expect(thrown(() => createPopDispatcher({})).code).toBe("invalid_options");
    // @ts-expect-error: for callers without types
    expect(thrown(() => createPopDispatcher({ tokens, resource: {} })).message).toContain("did you mean `resources`?");
  });

  it.each(["request", "stream", "pipeline", "connect", "upgrade"] as const)("has no method %s(), and says so", (name) => {
    const call: () => unknown = dispatcher[name].bind(dispatcher);
    expect(thrown(call)).toMatchObject({ code: "invalid_options", message: expect.stringContaining(`${name}()`) });
  });

  it("takes no token that is not bound", async () => {
    await using own = world.dispatcher({ tokens: given({ accessToken: "x", tokenType: "Bearer" }) });
    expect(await failure(request(`${url}/echo`, { dispatcher: own }))).toMatchObject({ code: "token_not_bound" });
    expect(world.arrived()).toEqual([]);
  });
});
