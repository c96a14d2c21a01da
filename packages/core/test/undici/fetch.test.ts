import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isMtlsPopError } from "../../src/errors.js";
import type { PopDispatcher } from "../../src/undici/index.js";
import { echoed } from "../resource/calling.js";
import { causeOf, dispatching, FETCHES } from "./dispatching.js";

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

describe.each(FETCHES)("$name", ({ call, Form }) => {
  it("calls with the bound token, over a connection with its certificate, and is decoded by who asked for it", async () => {
    const echo = await echoed(call(`${url}/echo?a=1&b=%20`, { dispatcher, headers: { "x-own": "ö" } }));
    expect(echo).toMatchObject({ method: "GET", path: "/echo", query: { a: "1", b: " " }, authorizationScheme: "pop" });
    expect(echo.certificateSha256).toBe(world.certificate.thumbprintSha256.toUpperCase());
    expect(echo.headers["x-own"]).toBe("ö");
    for (const encoding of ["gzip", "deflate", "br"]) {
      expect(await (await call(`${url}/${encoding}`, { dispatcher })).json()).toEqual({ encoding });
    }
  });

  it("sends text, bytes, forms and streams", async () => {
    const bytes = randomBytes(200_000);
    const form = new Form();
    form.append("name", "value");
    form.append("file", new Blob(["content"]), "a.txt");
    const post = (body: unknown, more = {}) => echoed(call(`${url}/echo`, { dispatcher, method: "POST", body, ...more }));
    expect(await post("äö")).toMatchObject({ text: "äö", headers: { "content-length": "4", "content-type": "text/plain;charset=UTF-8" } });
    expect((await post(bytes)).body).toBe(bytes.toString("base64"));
    expect((await post(new URLSearchParams({ a: "1" }))).text).toBe("a=1");
    expect((await post(form)).text).toContain('filename="a.txt"');
    const pieces = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from("one "));
        controller.enqueue(Buffer.from("two"));
        controller.close();
      },
    });
    expect(await post(pieces, { duplex: "half" })).toMatchObject({ text: "one two", headers: { "transfer-encoding": "chunked" } });
    expect((await echoed(call(`${url}/echo`, { dispatcher, method: "PUT" }))).headers["content-length"]).toBe("0");
  });

  it("follows redirects itself, and never takes the token to another origin", async () => {
    const followed = await call(`${url}/redirect?to=/echo`, { dispatcher });
    expect([followed.status, followed.redirected, followed.url]).toEqual([200, true, `${url}/echo`]);
    world.emulator.forgetRequests();
    const elsewhere = `${url}/redirect?to=${encodeURIComponent(world.customApi.urlOf("other"))}`;
    expect(await causeOf(call(elsewhere, { dispatcher }))).toMatchObject({ code: "resource_not_configured" });
    expect(world.arrived().map(({ path }) => path)).toEqual(["/redirect"]);
  });

  it("gives the answers that have no body, and errors of the resource, as they are", async () => {
    for (const status of [204, 404, 500]) expect((await call(`${url}/status/${status}`, { dispatcher })).status).toBe(status);
    const head = await call(`${url}/echo`, { dispatcher, method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("answers a claims challenge, with a small body too", async () => {
    const challenged = await call(`${url}/claims?value=c2`, { dispatcher, method: "POST", body: "small" });
    expect(await challenged.json()).toMatchObject({ acrs: ["c2"] });
  });

  it("has the code of a failure behind its own error", async () => {
    expect(await causeOf(call(`${world.customApi.urlOf("other")}/echo`, { dispatcher }))).toMatchObject({
      code: "resource_not_configured",
    });
    world.emulator.faults.add({ on: "custom-api", kind: "reset" });
    const lost = await causeOf(call(`${url}/echo`, { dispatcher, method: "POST", body: "x" }));
    expect([isMtlsPopError(lost), lost]).toEqual([true, expect.objectContaining({ code: "network_error" })]);
  });

  it("ends with its signal's reason, and frees the connection, before and within the answer", async () => {
    const early = new AbortController();
    const waiting = call(`${url}/slow`, { dispatcher, signal: early.signal });
    await expect.poll(() => world.arrived().length).toBe(1);
    early.abort(new RangeError("enough"));
    await expect(waiting).rejects.toThrow(RangeError);
    const late = new AbortController();
    const name = `abort-${Math.random()}`;
    const written = world.customApi.stream(name);
    const response = await call(`${url}/stream/${name}`, { dispatcher, signal: late.signal });
    late.abort();
    await expect(response.text()).rejects.toMatchObject({ name: "AbortError" });
    await written.closed;
    await expect(call(`${url}/echo`, { dispatcher, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });
});
