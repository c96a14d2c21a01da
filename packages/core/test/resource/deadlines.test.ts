import { setTimeout as delay } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import type { PopFetchOptions } from "../../src/resource/pop-fetch.js";
import { refusal } from "../certificate/authority.js";
import { timersOf } from "../timers.js";
import { type OnData, startOddServer } from "./odd-server.js";

const TIMEOUT_MS = 150;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server, and a client with short time-outs. */
async function impatient(onData: OnData, over: Partial<PopFetchOptions> = {}) {
  const server = await startOddServer(onData);
  const resources = { odd: { baseUrl: server.url } };
  const popFetch = server.popFetch({
    resources,
    ...over,
    transport: { headersTimeoutMs: TIMEOUT_MS, bodyTimeoutMs: TIMEOUT_MS, ...over.transport },
  });
  closers.push(server.close, popFetch.close);
  return { ...server, popFetch };
}

/** Writes the same again and again, more often than a time-out of inactivity would bear, until the connection is closed. */
function drip(socket: TLSSocket, text: string): void {
  const timer = setInterval(() => socket.write(text), TIMEOUT_MS / 10);
  socket.once("close", () => clearInterval(timer));
  closers.push(() => clearInterval(timer));
}

const ok = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe("a server that drips", () => {
  it.each([
    ["a head, byte by byte", "HTTP/1.1 200 OK\r\nx: ", "a"],
    ["1xx without end", "", "HTTP/1.1 103 Early Hints\r\n\r\n"],
  ])("BOUNDS-08 %s is a time-out of the head, and close() ends", async (_what, begin, again) => {
    const { popFetch, url, open } = await impatient((socket) => {
      socket.write(begin);
      drip(socket, again);
    });
    const call = refusal(popFetch(url));
    await Promise.all([popFetch.close(), call]);
    expect(await call).toMatchObject({ code: "timeout", message: expect.stringMatching(/headersTimeoutMs/) });
    await expect.poll(open).toBe(0);
  });

  it.each([
    ["401", "HTTP/1.1 401 Unauthorized"],
    ["redirect", "HTTP/1.1 302 Found\r\nlocation: /next"],
  ])("the body of a %s that is not handed on is not waited for, and the next try takes another connection", async (_what, head) => {
    const onData: OnData = (socket, _data, connection) => {
      if (connection > 1) return void socket.write(ok("next"));
      socket.write(`${head}\r\ncontent-length: 60000\r\n\r\n`);
      drip(socket, "x");
    };
    const { popFetch, url, connections } = await impatient(onData);
    expect(await (await popFetch(url)).text()).toBe("next");
    expect(connections()).toBe(2);
  });
});

describe("an upload", () => {
  /** Answers when the last chunk has come. */
  const answersToChunks: OnData = (socket, data) => {
    let text = data;
    const look = () => text.endsWith("0\r\n\r\n") && socket.write(ok("done"));
    socket.removeAllListeners("data").on("data", (chunk) => {
      text += chunk.toString("latin1");
      look();
    });
    look();
  };
  const pausing = (ms: number) =>
    new ReadableStream({
      async pull(controller) {
        await delay(ms);
        controller.enqueue(Buffer.from("late"));
        controller.close();
      },
    });

  it("whose own source is slow is waited for", async () => {
    const { popFetch, url } = await impatient(answersToChunks);
    const response = await popFetch(url, { method: "POST", body: pausing(TIMEOUT_MS * 2), duplex: "half" });
    expect(await response.text()).toBe("done");
  });

  it("that was sent is answered within the time-out of the head", async () => {
    const { popFetch, url } = await impatient(() => {});
    const error = await refusal(popFetch(url, { method: "POST", body: pausing(1), duplex: "half" }));
    expect(error).toMatchObject({ code: "timeout", message: expect.stringMatching(/did not begin its answer.*headersTimeoutMs/) });
  });

  it.each([
    ["bytes", () => new Uint8Array(32 * 1024 * 1024)],
    ["a stream", () => new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65536)) })],
  ])("BOUNDS-08 of %s that the server takes nothing more of is a time-out that says so", async (_what, body) => {
    const { popFetch, url } = await impatient((socket) => void socket.pause());
    const error = await refusal(popFetch(url, { method: "POST", body: body(), duplex: "half" }));
    expect(error).toMatchObject({ code: "timeout", message: expect.stringMatching(/took no more of the request's body.*bodyTimeoutMs/) });
  });

  it("of bytes may take longer than the head may, and arrives whole", async () => {
    const [bytes, pauseMs] = [32 * 1024 * 1024, TIMEOUT_MS * 6];
    let size = 0;
    const onData: OnData = (socket, data) => {
      size = data.length - data.indexOf("\r\n\r\n") - 4;
      socket.removeAllListeners("data").on("data", (chunk) => {
        size += chunk.length;
        if (size === bytes) socket.write(ok("done"));
      });
      socket.pause();
      setTimeout(() => socket.resume(), pauseMs);
    };
    const { popFetch, url } = await impatient(onData, { transport: { headersTimeoutMs: TIMEOUT_MS * 4, bodyTimeoutMs: 10_000 } });
    const beganAt = performance.now();
    expect(await (await popFetch(url, { method: "PUT", body: new Uint8Array(bytes) })).text()).toBe("done");
    expect(performance.now() - beganAt).toBeGreaterThan(pauseMs);
  });

  it.each([
    [3, ""],
    [30, "abcde"],
  ])("of a Blob that says it has %i bytes and has 5 is refused, and nothing goes beyond its length", async (size, sent) => {
    const lying = Object.defineProperty(new Blob(["abcde"]), "size", { value: size });
    let arrived = "";
    const { popFetch, url, open } = await impatient((socket, data) => {
      arrived += data;
      socket.on("data", (chunk) => (arrived += chunk.toString()));
    });
    const error = await refusal(popFetch(url, { method: "POST", body: lying }));
    expect(error).toMatchObject({ code: "invalid_options", message: expect.stringContaining(`${size} bytes`) });
    await expect.poll(open).toBe(0);
    const [, body = ""] = arrived.split("\r\n\r\n");
    expect(sent).toContain(body);
  });
});

describe("a warm call", () => {
  it("starts no timer of its own; Node starts the one of an idle connection", async () => {
    const { popFetch, url } = await impatient((socket) => void socket.write(ok("warm")), { transport: { headersTimeoutMs: 10_000 } });
    const call = async () => (await popFetch(url)).text();
    await call();
    const { started } = await timersOf(async () => {
      for (let i = 0; i < 5; i++) await call();
    });
    expect(started).toBeLessThanOrEqual(5);
  });
});
