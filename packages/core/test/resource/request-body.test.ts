import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PopFetch } from "../../src/resource/pop-fetch.js";
import { refusal } from "../certificate/authority.js";
import { calling, echoed } from "./calling.js";

const MIB = 1024 * 1024;
let world: Awaited<ReturnType<typeof calling>>;
let popFetch: PopFetch;
let url: string;
beforeAll(async () => {
  world = await calling();
  popFetch = world.popFetch();
  url = `${world.customApi.url}/echo`;
});
afterAll(async () => {
  await popFetch.close();
  await world.close();
});

const post = (body: unknown, init: RequestInit = {}) =>
  echoed(popFetch(url, { method: "POST", body: body as NonNullable<RequestInit["body"]>, ...init }));

describe("the body", () => {
  const bytes = new Uint8Array([0, 1, 2, 253, 254, 255]);

  it.each<[string, () => unknown, string | undefined]>([
    ["a string", () => "t\u00ebxt", "text/plain;charset=UTF-8"],
    ["an empty string", () => "", "text/plain;charset=UTF-8"],
    ["URLSearchParams", () => new URLSearchParams({ a: "1 2" }), "application/x-www-form-urlencoded;charset=UTF-8"],
    ["a Uint8Array", () => bytes, undefined],
    ["a view of a part", () => bytes.subarray(2, 4), undefined],
    ["a Buffer", () => Buffer.from(bytes), undefined],
    ["an ArrayBuffer", () => bytes.buffer, undefined],
    ["a DataView", () => new DataView(bytes.buffer, 1, 3), undefined],
    ["a Float64Array", () => new Float64Array([1.5]), undefined],
    ["a Blob", () => new Blob([bytes], { type: "image/x-mine" }), "image/x-mine"],
    ["a Blob without type", () => new Blob([bytes]), undefined],
    ["a File", () => new File([bytes], "f", { type: "image/x-mine" }), "image/x-mine"],
  ])("FETCH-20 is %s, with its length and its type", async (_what, make, contentType) => {
    const expected = Buffer.from(await new Response(make() as NonNullable<RequestInit["body"]>).arrayBuffer());
    const { headers, body } = await post(make());
    expect(Buffer.from(body, "base64")).toEqual(expected);
    expect([headers["content-type"], headers["content-length"], headers["transfer-encoding"]]).toEqual([
      contentType,
      String(expected.length),
      undefined,
    ]);
  });

  it("FETCH-21 is FormData, with files", async () => {
    const form = new FormData();
    form.set("name", "value");
    form.set("file", new File(["content"], "f.txt", { type: "text/plain" }));
    const { headers, text } = await post(form);
    const parsed = await new Response(text, { headers: { "content-type": headers["content-type"] ?? "" } }).formData();
    expect(parsed.get("name")).toBe("value");
    expect(await (parsed.get("file") as File).text()).toBe("content");
    expect(headers["content-length"]).toBe(String(Buffer.byteLength(text)));
  });

  it.each<[string, () => unknown]>([
    ["a ReadableStream", () => new Blob(["a", "b"]).stream()],
    [
      "an async iterable of text and bytes",
      () =>
        (async function* () {
          yield "a";
          yield Buffer.from("b");
        })(),
    ],
    ["a stream of Node", () => Readable.from([Buffer.from("a"), Buffer.from("b")])],
  ])("FETCH-22 is %s, sent in chunks", async (_what, make) => {
    const { headers, text } = await post(make(), { duplex: "half" });
    expect(text).toBe("ab");
    expect([headers["content-length"], headers["transfer-encoding"]]).toEqual([undefined, "chunked"]);
  });

  it("FETCH-25 keeps the caller's Content-Type", async () => {
    expect((await post("{}", { headers: { "Content-Type": "application/json" } })).headers["content-type"]).toBe("application/json");
  });

  it("FETCH-26 does not change any more when the caller's bytes do", async () => {
    const view = new Uint8Array(Buffer.from("before"));
    const call = post(view);
    view.fill(0);
    expect((await call).text).toBe("before");
  });

  it("whose memory was given away is refused", async () => {
    for (const view of [new Uint8Array(4), new DataView(new ArrayBuffer(4))]) {
      structuredClone(view.buffer, { transfer: [view.buffer] });
      expect((await refusal(post(view))).code).toBe("invalid_options");
    }
  });

  it("of 10 MiB goes up and comes down whole", async () => {
    const large = Buffer.alloc(10 * MIB, "up and down ");
    expect((await post(large)).bodySha256).toBe(sha256(large));
    expect((await post(new Blob([large]).stream(), { duplex: "half" })).bodySha256).toBe(sha256(large));
    const down = await popFetch(`${world.customApi.url}/bytes/${10 * MIB}`);
    expect((await down.arrayBuffer()).byteLength).toBe(10 * MIB);
  });

  it("FETCH-27 that is a stream of something else than bytes is refused, and the stream cancelled", async () => {
    let cancelled = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue("text"),
      cancel() {
        cancelled = true;
      },
    });
    expect(await refusal(post(body, { duplex: "half" }))).toMatchObject({
      code: "invalid_options",
      message: expect.stringMatching(/not bytes/),
    });
    await expect.poll(() => cancelled).toBe(true);
  });

  it("FETCH-28 that fails fails the call with its own error", async () => {
    const failure = new Error("the disk is gone");
    const body = new ReadableStream({ pull: () => Promise.reject(failure) });
    await expect(post(body, { duplex: "half" })).rejects.toBe(failure);
  });

  it("FETCH-03 that is being read elsewhere is refused", async () => {
    const body = new Blob(["x"]).stream();
    body.getReader();
    expect((await refusal(post(body, { duplex: "half" }))).message).toMatch(/being read elsewhere/);
  });

  it.each<[string, (body: ReadableStream) => readonly [input: string | Request, init: RequestInit]]>([
    ["a stream", (body) => [url, { method: "POST", body, duplex: "half" }]],
    ["a Request's that gives nothing", (body) => [new Request(url, { method: "POST", body, duplex: "half" }), {}]],
  ])("FETCH-34 that was not sent after all is cancelled, with the reason: %s", async (_what, inputOf) => {
    const failing = world.popFetch({ tokens: { acquireBoundToken: () => Promise.reject(new Error("no token")) } });
    const closed = world.popFetch();
    await closed.close();
    for (const [client, signal] of [
      [failing, undefined],
      [popFetch, AbortSignal.abort(new Error("enough"))],
      [closed, undefined],
    ] as const) {
      const reasons: unknown[] = [];
      const [input, init] = inputOf(new ReadableStream({ cancel: (reason) => void reasons.push(reason) }));
      const failure = await client(input, { ...init, ...(signal && { signal }) }).catch((error: unknown) => error);
      await expect.poll(() => reasons).toEqual([failure]);
    }
    await failing.close();
  });
});

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
