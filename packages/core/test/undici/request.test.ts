import { createReadStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { interceptors as interceptors7 } from "undici";
import { interceptors as interceptors6 } from "undici6";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PopDispatcher } from "../../src/undici/index.js";
import { failure } from "../failure.js";
import { dispatching, UNDICIS } from "./dispatching.js";

type World = Awaited<ReturnType<typeof dispatching>>;
let world: World;
/** Takes `mtls_pop` alone. */
let modern: World;
let dispatcher: PopDispatcher;
let url: string;
beforeAll(async () => {
  [world, modern] = await Promise.all([dispatching(), dispatching({ customApi: { schemes: ["mtls_pop"] } })]);
  dispatcher = world.dispatcher();
  ({ url } = world.customApi);
});
afterAll(async () => {
  await dispatcher.close();
  await Promise.all([world.close(), modern.close()]);
});
beforeEach(() => {
  world.emulator.forgetRequests();
  modern.emulator.forgetRequests();
});

describe.each(UNDICIS)("$name", ({ undici: { request, stream, pipeline, FormData: Form } }) => {
  it("requests with the bound token, and gets the answer as it came", async () => {
    const query = { a: "1 2", b: ["x", "y"], c: null, d: undefined };
    const { statusCode, headers, body } = await request(`${url}/echo`, { dispatcher, query });
    expect(statusCode).toBe(200);
    expect(headers["content-type"]).toContain("application/json");
    expect(await body.json()).toMatchObject({ query: { a: "1 2", c: "", d: "" }, headers: { "accept-encoding": "identity" } });
    const packed = await request(`${url}/gzip`, { dispatcher, headers: { "Accept-Encoding": "gzip" } });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(JSON.parse(gunzipSync(Buffer.from(await packed.body.arrayBuffer())).toString())).toEqual({ encoding: "gzip" });
    const redirect = await request(`${url}/redirect?to=https://elsewhere.example/`, { dispatcher });
    expect([redirect.statusCode, redirect.headers["location"]]).toEqual([302, "https://elsewhere.example/"]);
    await redirect.body.dump();
    const lines = await request(`${url}/headers?set-cookie=a`, { dispatcher, responseHeaders: "raw" });
    expect(lines.headers).toContain("set-cookie");
    await lines.body.dump();
  });

  it("hands on a 503, Retry-After or not, unless it is told to wait for it", async () => {
    world.emulator.faults.add({ on: "custom-api", kind: "unavailable", retryAfterSeconds: 1, times: 2 });
    const { statusCode, headers, body } = await request(`${url}/echo`, { dispatcher });
    expect([statusCode, headers["retry-after"]]).toEqual([503, "1"]);
    await body.dump();
    expect(world.arrived()).toHaveLength(1);
    const waiting = world.dispatcher({ retry: true });
    const later = await request(`${url}/echo`, { dispatcher: waiting });
    expect(later.statusCode).toBe(200);
    await later.body.dump();
    await waiting.close();
    expect(world.arrived()).toHaveLength(3);
  });

  it.each([
    ["text", () => "äö", "äö", "4"],
    ["bytes", () => Buffer.from("bytes"), "bytes", "5"],
    ["a view", () => new Uint8Array([0, 97, 98]).subarray(1), "ab", "2"],
    ["nothing", () => "", "", "0"],
    ["a stream", () => Readable.from([Buffer.from("one "), Buffer.from("two")]), "one two", undefined],
    ["an array of pieces", () => ["one ", Buffer.from("two")], "one two", undefined],
    ["a Blob", () => new Blob(["blob"], { type: "text/x" }), "blob", "4"],
    [
      "a generator",
      async function* () {
        yield "one ";
        yield Buffer.from("two");
      },
      "one two",
      undefined,
    ],
  ])("sends %s", async (_what, bodyOf, expected, length) => {
    // undici's types know fewer kinds than it sends
    const init = { dispatcher, method: "POST" as const, body: bodyOf() as string };
    const echo = (await (await request(`${url}/echo`, init)).body.json()) as { body: string; headers: Record<string, string> };
    expect(Buffer.from(echo.body, "base64").toString()).toBe(expected);
    expect(echo.headers["content-length"]).toBe(length);
    expect(echo.headers["content-type"]).toBe(bodyOf() instanceof Blob ? "text/x" : undefined);
  });

  it("sends a form of undici's, and the length that was said of a stream", async () => {
    const form = new Form();
    form.append("name", "value");
    form.append("file", new Blob(["content"]), "a.txt");
    const echo = async (init: object) =>
      (await (await request(`${url}/echo`, { dispatcher, method: "POST", ...init })).body.json()) as {
        body: string;
        headers: Record<string, string>;
      };
    const sent = await echo({ body: form });
    expect(sent.headers["content-type"]).toContain("multipart/form-data; boundary=");
    expect(Buffer.from(sent.body, "base64").toString()).toContain('filename="a.txt"');
    const known = await echo({ body: Readable.from([Buffer.from("12345")]), headers: { "Content-Length": "5" } });
    expect([known.headers["content-length"], known.headers["transfer-encoding"]]).toEqual(["5", undefined]);
    const longer = echo({ body: Readable.from([Buffer.from("123456")]), headers: { "content-length": "5" } });
    expect(await failure(longer)).toMatchObject({ code: "invalid_options", message: expect.stringContaining("said to have 5 bytes") });
  });

  it("streams and pipes", async () => {
    const chunks: Buffer[] = [];
    const factory = () =>
      new Writable({
        write(chunk, _encoding, done) {
          chunks.push(chunk);
          done();
        },
      });
    await stream(`${url}/bytes/300000`, { dispatcher, method: "GET" }, factory);
    expect(Buffer.concat(chunks).equals(Buffer.alloc(300_000, "mtls"))).toBe(true);
    const duplex = pipeline(`${url}/echo`, { dispatcher, method: "POST" }, ({ body }) => body);
    const echo = JSON.parse(await text(Readable.from(["piped"]).pipe(duplex)));
    expect(Buffer.from(echo.body, "base64").toString()).toBe("piped");
  });

  it("holds a download back for a slow reader, and hands all of it over", async () => {
    const size = 8 * 1024 * 1024;
    const { body } = await request(`${url}/bytes/${size}`, { dispatcher });
    const slow = new PassThrough({ highWaterMark: 16 * 1024 });
    body.pipe(slow);
    await expect.poll(() => slow.readableLength).toBeGreaterThan(0);
    // what lies here waits in buffers of some ten KiB, and the rest on the wire
    expect(body.readableLength + slow.readableLength + slow.writableLength).toBeLessThan(1024 * 1024);
    expect((await buffer(slow)).equals(Buffer.alloc(size, "mtls"))).toBe(true);
  });

  it("finds out the scheme, and says which body cannot be sent again", async () => {
    const { customApi } = modern;
    await using fresh = modern.dispatcher();
    const refusal = await failure(request(`${customApi.url}/echo`, { dispatcher: fresh, method: "POST", body: Readable.from(["once"]) }));
    expect(refusal).toMatchObject({ code: "body_not_replayable", statusCode: 401 });
    const { statusCode, body } = await request(`${customApi.url}/echo`, { dispatcher: fresh, method: "POST", body: "again" });
    expect([statusCode, await body.json()]).toEqual([200, expect.objectContaining({ authorizationScheme: "mtls_pop" })]);
    expect(modern.arrived().map(({ headers }) => headers["authorization"]?.split(" ")[0])).toEqual(["pop", "pop", "mtls_pop"]);
  });

  it("destroys the body of a call that failed", async () => {
    const file = join(tmpdir(), `mtls-pop-body-${process.pid}`);
    await writeFile(file, "content");
    const body = createReadStream(file);
    const refusal = await failure(request("https://elsewhere.example/", { dispatcher, method: "POST", body }));
    expect(refusal).toMatchObject({ code: "resource_not_configured" });
    expect(body.destroyed).toBe(true);
    await rm(file);
    const broken = new Readable({ read: () => undefined });
    const failing = failure(request(`${url}/echo`, { dispatcher, method: "POST", body: broken }));
    broken.destroy(new RangeError("broken"));
    expect(await failing).toMatchObject({ name: "RangeError", message: "broken" });
  });
});

describe("compose", () => {
  it.each([
    ["undici 6", interceptors6.redirect({ maxRedirections: 2 }), UNDICIS[0].undici],
    ["undici 7", interceptors7.redirect({ maxRedirections: 2 }), UNDICIS[1].undici],
  ])("takes the interceptors of %s", async (_name, interceptor, { request }) => {
    const following = dispatcher.compose(interceptor);
    const { statusCode, body } = await request(`${url}/redirect?to=/echo`, { dispatcher: following });
    expect([statusCode, await body.json()]).toEqual([200, expect.objectContaining({ path: "/echo" })]);
    const elsewhere = `${url}/redirect?to=${encodeURIComponent(world.customApi.urlOf("other"))}`;
    expect(await failure(request(elsewhere, { dispatcher: following }))).toMatchObject({ code: "resource_not_configured" });
    expect(following.closed).toBe(false);
  });

  it("asks the last one first, and refuses what is none", async () => {
    const asked: string[] = [];
    const note = (name: string) => (dispatch: PopDispatcher["dispatch"]) => (options: never, handler: never) => {
      asked.push(name);
      return dispatch(options, handler);
    };
    const noting = dispatcher.compose([note("first")], note("second"));
    await (await UNDICIS[1].undici.request(`${url}/echo`, { dispatcher: noting })).body.dump();
    expect(asked.splice(0)).toEqual(["second", "first"]);
    const further = noting.compose(note("third")).compose(note("fourth"));
    await (await UNDICIS[1].undici.request(`${url}/echo`, { dispatcher: further })).body.dump();
    expect(asked).toEqual(["fourth", "third", "second", "first"]);
    // @ts-expect-error: for callers without types
    expect(() => dispatcher.compose({})).toThrow(expect.objectContaining({ code: "invalid_options" }));
  });
});
