import { getEventListeners } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PopFetch } from "../../src/resource/pop-fetch.js";
import { refusal } from "../certificate/authority.js";
import { calling } from "./calling.js";

let world: Awaited<ReturnType<typeof calling>>;
let popFetch: PopFetch;
let url: string;
beforeAll(async () => {
  world = await calling();
  popFetch = world.popFetch();
  ({ url } = world.customApi);
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(async () => {
  await popFetch.close();
  await world.close();
});

describe("the Response", () => {
  it("FETCH-50 is the platform's own, with status, text, URL and headers", async () => {
    const response = await popFetch(`${url}/echo?x=1#f`);
    expect(response).toBeInstanceOf(globalThis.Response);
    expect(response).toMatchObject({ status: 200, ok: true, statusText: "OK", redirected: false, url: `${url}/echo?x=1`, bodyUsed: false });
    expect(response.headers.get("Content-Type")).toMatch(/json/);
    expect(await response.json()).toMatchObject({ method: "GET" });
    expect(response.bodyUsed).toBe(true);
    await expect(response.text()).rejects.toThrow(TypeError);
  });

  it("FETCH-58 is cloned with its URL, and both bodies are whole", async () => {
    const response = await popFetch(`${url}/bytes/200000`);
    const copy = response.clone();
    expect(copy.url).toBe(response.url);
    expect(copy.clone().url).toBe(response.url);
    const [one, other] = await Promise.all([response.arrayBuffer(), copy.arrayBuffer()]);
    expect([one.byteLength, other.byteLength]).toEqual([200_000, 200_000]);
  });

  it("FETCH-56 has a body that a reader fills buffers of its own with", async () => {
    for (const size of [10, 300_000]) {
      const { body } = await popFetch(`${url}/bytes/${size}`);
      const reader = body?.getReader({ mode: "byob" });
      let read = 0;
      for (;;) {
        const { done, value } = (await reader?.read(new Uint8Array(1000))) ?? { done: true };
        if (done) break;
        read += value?.byteLength ?? 0;
      }
      expect(read).toBe(size);
    }
  });

  it.each(["gzip", "br", "deflate"])("FETCH-55 is decoded of %s", async (encoding) => {
    const response = await popFetch(`${url}/${encoding}`);
    expect(response.headers.get("content-encoding")).toBe(encoding);
    expect(await response.json()).toEqual({ encoding });
  });

  it.each([204, 205, 304])("FETCH-53 has no body with %i, and frees its connection", async (status) => {
    await using own = world.popFetch();
    const response = await own(`${url}/status/${status}`);
    expect(response.status).toBe(status);
    expect(response.body).toBeNull();
    expect(await response.text()).toBe("");
    await own(`${url}/echo`);
    const [first, next] = world.arrived();
    expect(next?.connectionId).toBe(first?.connectionId);
  });

  it("FETCH-54 of a HEAD has headers and no body", async () => {
    const response = await popFetch(`${url}/bytes/1000`, { method: "HEAD" });
    expect([response.status, response.headers.get("content-type"), response.body]).toEqual([200, "application/octet-stream", null]);
  });

  it.each([400, 404, 500, 503])("FETCH-63 is handed on with the status %i", async (status) => {
    const response = await popFetch(`${url}/status/${status}`);
    expect(response).toMatchObject({ status, ok: false });
    expect(await response.json()).toEqual({ status });
  });

  it("FETCH-56 comes as soon as its head is there, and its body piece by piece", async () => {
    const stream = world.customApi.stream("pieces");
    const response = await popFetch(`${url}/stream/pieces`);
    const reader = response.body?.getReader();
    for (const piece of ["one", "two"]) {
      await stream.write(piece);
      expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(piece);
    }
    await stream.end();
    expect(await reader?.read()).toEqual({ done: true, value: undefined });
  });

  it("FETCH-56 holds the server back while nobody reads", async () => {
    const stream = world.customApi.stream("pressure");
    const response = await popFetch(`${url}/stream/pressure`);
    const chunk = Buffer.alloc(1024 * 1024, "x");
    let written = 0;
    const writing = (async () => {
      for (; written < 32; written++) await stream.write(chunk);
      await stream.end();
    })();
    // another call goes through and back while the server waits
    for (let i = 0; i < 20; i++) await (await popFetch(`${url}/echo`)).text();
    expect(written).toBeLessThan(32);
    expect((await response.arrayBuffer()).byteLength).toBe(32 * chunk.length);
    await writing;
  });

  it("FETCH-65 whose body is cut ends with an error and not in silence", async () => {
    const stream = world.customApi.stream("cut");
    const response = await popFetch(`${url}/stream/cut`);
    await stream.write("half");
    await stream.cut();
    expect(await refusal(response.text())).toMatchObject({ code: "network_error", retryable: true });
  });

  it("whose reader leaves frees the connection at the server", async () => {
    const stream = world.customApi.stream("left");
    const response = await popFetch(`${url}/stream/left`);
    await stream.write("half");
    await response.body?.cancel();
    await stream.closed;
  });
});

describe("HTTP-06 an aborted call", () => {
  const aborted = () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    return { signal: controller.signal, reason, abort: () => controller.abort(reason) };
  };

  it("FETCH-30 before it begins sends nothing and asks for no token", async () => {
    const { signal, reason, abort } = aborted();
    abort();
    await using own = world.popFetch();
    await expect(own(`${url}/echo`, { signal })).rejects.toBe(reason);
    await expect(own(new Request(`${url}/echo`, { signal }))).rejects.toBe(reason);
    expect(world.emulator.requests).toEqual([]);
  });

  it("FETCH-31 while it waits for the token ends at once, and another one goes on", async () => {
    await using own = world.popFetch();
    world.emulator.faults.add({ on: "token", kind: "latency", delayMs: 100 });
    const { signal, reason, abort } = aborted();
    const leaves = own(`${url}/echo`, { signal });
    const stays = own(`${url}/echo`);
    await expect.poll(() => world.tokenRequests().length).toBe(1);
    abort();
    await expect(leaves).rejects.toBe(reason);
    expect((await stays).status).toBe(200);
    expect(world.arrived()).toHaveLength(1);
  });

  it("FETCH-31 while a source that knows no signal is at work ends at once", async () => {
    await using own = world.popFetch({ tokens: { acquireBoundToken: () => new Promise(() => undefined) } });
    const { signal, reason, abort } = aborted();
    const call = own(`${url}/echo`, { signal });
    abort();
    await expect(call).rejects.toBe(reason);
  });

  it("FETCH-31 while it connects ends at once", async () => {
    const token = await world.tokenOf(world.certificate);
    let connecting = () => {};
    const begun = new Promise<void>((resolve) => {
      connecting = resolve;
    });
    await using own = world.popFetch({
      tokens: { acquireBoundToken: async () => token },
      transport: { ...world.transport, lookup: () => connecting() },
    });
    const { signal, reason, abort } = aborted();
    const call = own(`${url}/echo`, { signal });
    await begun;
    abort();
    await expect(call).rejects.toBe(reason);
  });

  it("HTTP-06 while it waits for the answer ends at once and frees the socket, and others go on", async () => {
    const { signal, reason, abort } = aborted();
    const call = popFetch(`${url}/slow`, { signal });
    const other = popFetch(`${url}/echo`);
    await expect.poll(() => world.arrived().length).toBe(2);
    abort();
    await expect(call).rejects.toBe(reason);
    expect((await other).status).toBe(200);
    const slow = world.arrived().find(({ path }) => path === "/slow");
    await world.emulator.connectionClosed(slow?.connectionId ?? 0);
  });

  it("FETCH-32 while its body is read gives the reader the reason and frees the socket, and others go on", async () => {
    const stream = world.customApi.stream("aborted");
    const { signal, reason, abort } = aborted();
    const response = await popFetch(`${url}/stream/aborted`, { signal });
    const other = popFetch(`${url}/bytes/300000`);
    const text = response.text();
    await stream.write("half");
    abort();
    await expect(text).rejects.toBe(reason);
    await stream.closed;
    expect((await (await other).arrayBuffer()).byteLength).toBe(300_000);
  });

  it("FETCH-31 in the middle of an upload cancels the stream", async () => {
    const { signal, reason, abort } = aborted();
    let cancelled = false;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from("begun")),
      cancel() {
        cancelled = true;
      },
    });
    const call = popFetch(`${url}/echo`, { method: "POST", body, duplex: "half", signal });
    await expect.poll(() => world.arrived().length).toBe(1);
    abort();
    await expect(call).rejects.toBe(reason);
    await expect.poll(() => cancelled).toBe(true);
  });

  it("FETCH-33 leaves nothing behind on a signal that lives on, and many at once are no leak to Node", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const { signal } = aborted();
    await Promise.all(Array.from({ length: 30 }, async () => (await popFetch(`${url}/bytes/100000`, { signal })).arrayBuffer()));
    expect(getEventListeners(signal, "abort")).toEqual([]);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});

describe("HTTP-07 a server that never answers", () => {
  it("HTTP-07 is a time-out of the head", async () => {
    await using own = world.popFetch({ transport: { ...world.transport, headersTimeoutMs: 60 } });
    const error = await refusal(own(`${url}/slow`));
    expect(error).toMatchObject({ code: "timeout", retryable: true, message: expect.stringMatching(/headersTimeoutMs/) });
    await world.emulator.connectionClosed(world.arrived()[0]?.connectionId ?? 0);
  });

  it("on a kept-alive connection is a time-out too, and the request is not sent again behind it", async () => {
    await using own = world.popFetch({ transport: { ...world.transport, headersTimeoutMs: 60 } });
    await own(`${url}/echo`);
    expect((await refusal(own(`${url}/slow`))).code).toBe("timeout");
    await own(`${url}/echo`);
    expect(world.arrived().map(({ path }) => path)).toEqual(["/echo", "/slow", "/echo"]);
  });

  it("BOUNDS-08 in the middle of a body is a time-out of the body", async () => {
    await using own = world.popFetch({ transport: { ...world.transport, bodyTimeoutMs: 60 } });
    const stream = world.customApi.stream("stalls");
    const response = await own(`${url}/stream/stalls`);
    await stream.write("half");
    expect(await refusal(response.text())).toMatchObject({ code: "timeout", message: expect.stringMatching(/bodyTimeoutMs/) });
    await stream.closed;
  });
});
