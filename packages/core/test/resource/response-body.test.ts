import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { TransportOptions } from "../../src/transport/transport-options.js";
import { refusal } from "../certificate/authority.js";
import { type OnData, startOddServer } from "./odd-server.js";

const BODY_TIMEOUT_MS = 200;
/** A megabyte that fits into one packet. */
const small = gzipSync(Buffer.alloc(1024 * 1024));
const gzipHead = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${small.length}\r\n\r\n`;
const ok = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server, and a client that keeps one connection and has a short time-out for bodies; `/never` is not answered. */
async function serving(answer: OnData, transport: TransportOptions = {}) {
  const server = await startOddServer((socket, data, connection) => data.includes(" /never ") || answer(socket, data, connection));
  const popFetch = server.popFetch({
    maxConnectionsPerOrigin: 1,
    transport: { bodyTimeoutMs: BODY_TIMEOUT_MS, headersTimeoutMs: 2 * BODY_TIMEOUT_MS, ...transport },
  });
  closers.push(server.close, popFetch.close);
  return { ...server, popFetch };
}

/** Reads a first piece, and then no further. */
async function begun(call: Promise<Response>) {
  const reader = (await call).body?.getReader();
  if (!reader) throw new Error("The answer has no body.");
  await reader.read();
  return {
    /** Reads the rest. @returns its size */
    async rest(paceMs = 0): Promise<number> {
      let size = 0;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return size;
        size += value.byteLength;
        if (paceMs > 0) await delay(paceMs);
      }
    },
  };
}

describe("an encoded body that has come whole", () => {
  it("and whose reader stops ends close() after the body's time-out", async () => {
    const { popFetch, url } = await serving((socket) => socket.write(Buffer.concat([Buffer.from(gzipHead), small])));
    const body = await begun(popFetch(url));
    await popFetch.close();
    expect(await refusal(body.rest())).toMatchObject({
      code: "client_closed",
      message: expect.stringMatching(/read no further for 200 ms/),
    });
  });

  it("while its client was closing ends close() too", async () => {
    let finish = () => {};
    const { popFetch, url } = await serving((socket) => {
      socket.write(gzipHead);
      socket.write(small.subarray(0, small.length / 2));
      finish = () => void socket.write(small.subarray(small.length / 2));
    });
    const body = await begun(popFetch(url));
    const closing = popFetch.close();
    await setImmediate();
    finish();
    await closing;
    expect((await refusal(body.rest())).code).toBe("client_closed");
  });

  it("is waited for as long as its reader reads on", async () => {
    const { popFetch, url } = await serving((socket) => socket.write(Buffer.concat([Buffer.from(gzipHead), small])), {
      bodyTimeoutMs: 400,
    });
    const body = await begun(popFetch(url));
    const closing = popFetch.close();
    expect(await body.rest(50)).toBeGreaterThan(900_000);
    await closing;
  });

  it("is not touched by time-outs of the next answer on its connection", async () => {
    const { popFetch, url, connections } = await serving((socket, data) => {
      if (data.includes("/whole")) socket.write(Buffer.concat([Buffer.from(gzipHead), small]));
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    });
    const body = await begun(popFetch(`${url}/whole`));
    expect((await refusal((await popFetch(`${url}/half`)).text())).code).toBe("timeout");
    expect(connections()).toBe(1);
    const closing = popFetch.close();
    await setImmediate();
    await setImmediate();
    expect(await body.rest()).toBeGreaterThan(900_000);
    await closing;
  });
});

describe("a body that nobody reads on for longer than its time-out", () => {
  /** A little more than is read ahead and once read, so that all of it has arrived, and then nothing. */
  const stalled: OnData = (socket) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n${"x".repeat(88 * 1024)}`);
  /** The time-out of a head, which is twice that of a body, tells the time. */
  const overdue = async () => {
    const { popFetch, url } = await serving(stalled);
    const timing = await serving(() => {});
    const body = await begun(popFetch(url));
    expect((await refusal(timing.popFetch(`${timing.url}/never`))).code).toBe("timeout");
    return { popFetch, body };
  };

  it("is there when the reader comes back, and the time-out runs anew", async () => {
    const { body } = await overdue();
    expect(await refusal(body.rest())).toMatchObject({ code: "timeout", message: expect.stringMatching(/bodyTimeoutMs/) });
  });

  it("ends at once when its client is closed", async () => {
    const { popFetch, body } = await overdue();
    await popFetch.close();
    expect((await refusal(body.rest())).code).toBe("client_closed");
  });
});

describe("an answer that has no body", () => {
  it("frees its connection although it announces one that does not end", async () => {
    const { popFetch, url, connections } = await serving((socket, _data, connection) =>
      socket.write(connection === 1 ? `HTTP/1.1 205 Reset Content\r\ntransfer-encoding: chunked\r\n\r\n` : ok("next")),
    );
    expect((await popFetch(url)).body).toBeNull();
    expect(await (await popFetch(url)).text()).toBe("next");
    expect(connections()).toBe(2);
  });

  it.each([204, 205])("but sends one with its %i loses its connection", async (status) => {
    const { popFetch, url, connections } = await serving((socket, _data, connection) =>
      socket.write(connection === 1 ? ok("smuggled").replace("200 OK", `${status} Odd`) : ok("next")),
    );
    expect((await popFetch(url)).body).toBeNull();
    expect(await (await popFetch(url)).text()).toBe("next");
    expect(connections()).toBe(2);
  });
});

describe("a body that breaks HTTP", () => {
  it.each([
    ["right behind the head", "ZZZ\r\n"],
    ["after a chunk", "2\r\nok\r\nZZZ\r\n"],
  ])("%s says so, and is not worth another try", async (_where, body) => {
    const { popFetch, url } = await serving((socket) => socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body}`));
    const error = await refusal((await popFetch(url)).text());
    expect(error).toMatchObject({
      code: "network_error",
      retryable: false,
      message: expect.stringMatching(/HPE_INVALID_CHUNK_SIZE.*no proper HTTP/),
    });
    await popFetch.close();
  });
});
