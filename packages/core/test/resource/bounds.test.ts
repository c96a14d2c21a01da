import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { createPopFetch } from "../../src/resource/pop-fetch.js";
import { authority, refusal } from "../certificate/authority.js";
import { inChild } from "../child.js";
import { type OnData, startOddServer } from "./odd-server.js";

const KIB = 1024;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server, and a client of it that negotiates the scheme. */
async function odd(onData: OnData) {
  const server = await startOddServer(onData);
  const { certificate, transport, url } = server;
  const token = { accessToken: "token", tokenType: "mtls_pop", bindingCertificate: certificate };
  const popFetch = createPopFetch({ tokens: { acquireBoundToken: async () => token }, resources: { odd: { baseUrl: url } }, transport });
  closers.push(server.close, popFetch.close);
  return { ...server, popFetch };
}

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nin";
const refused = (length: number) => `HTTP/1.1 401 Unauthorized\r\ncontent-length: ${length}\r\n\r\n${"x".repeat(length)}`;

describe("the body of a 401", () => {
  it("BOUNDS-04 of up to 64 KiB is read, kept, and the caller's when no scheme is taken", async () => {
    const { popFetch, url, connections } = await odd((socket, data) =>
      socket.write(data.includes("mtls_pop") ? refused(1) : refused(64 * KIB)),
    );
    expect(await (await popFetch(url)).text()).toBe("x".repeat(64 * KIB));
    expect(connections()).toBe(1);
  });

  it("BOUNDS-04 that is longer is not kept: its connection closes, and the second answer is the caller's", async () => {
    const { popFetch, url, connections, open } = await odd((socket, data) =>
      socket.write(data.includes("mtls_pop") ? refused(1) : refused(64 * KIB + 1)),
    );
    expect(await (await popFetch(url)).text()).toBe("x");
    expect(connections()).toBe(2);
    await expect.poll(open).toBe(1);
  });

  it("BOUNDS-04 without end is read no further than that", async () => {
    let written = 0;
    const { popFetch, url } = await odd((socket, data) => {
      if (data.includes("mtls_pop")) return void socket.write(ok);
      socket.write("HTTP/1.1 401 Unauthorized\r\n\r\n");
      const chunk = Buffer.alloc(64 * KIB, "x");
      const more = () => {
        if (socket.destroyed) return;
        written += chunk.length;
        socket.write(chunk, more);
      };
      more();
    });
    expect((await popFetch(url)).status).toBe(200);
    // what the sockets' buffers hold comes on top
    expect(written).toBeLessThan(32 * KIB * KIB);
  });

  it("BOUNDS-04 that is the caller's is whole, however long it is", async () => {
    const long = 300 * KIB;
    const server = await startOddServer((socket) => void socket.write(refused(long)));
    const popFetch = server.popFetch();
    closers.push(server.close, popFetch.close);
    const response = await popFetch(server.url);
    expect([response.status, (await response.text()).length]).toEqual([401, long]);
    expect(server.connections()).toBe(1);
    await popFetch(server.url, { method: "POST", body: "x" }).then((next) => next.text());
    expect(server.connections()).toBe(1);
  });

  it.each(["gzip", "identity"])("BOUNDS-04 that was kept is decoded for the caller: %s", async (encoding) => {
    const body = encoding === "gzip" ? gzipSync("refused") : Buffer.from("refused");
    const head = `HTTP/1.1 401 Unauthorized\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n\r\n`;
    const { popFetch, url } = await odd((socket) => void socket.write(Buffer.concat([Buffer.from(head), body])));
    expect(await (await popFetch(url)).text()).toBe("refused");
  });

  it("BOUNDS-04 that was kept and cannot be decoded is an error of the reader's", async () => {
    const { popFetch, url } = await odd(
      (socket) => void socket.write("HTTP/1.1 401 Unauthorized\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nno!!"),
    );
    const response = await popFetch(url);
    expect(await refusal(response.text())).toMatchObject({ code: "network_error", message: expect.stringMatching(/Content-Encoding/) });
  });

  it("BOUNDS-04 of a HEAD is none", async () => {
    const { popFetch, url } = await odd((socket) => void socket.write("HTTP/1.1 401 Unauthorized\r\ncontent-length: 9\r\n\r\n"));
    expect((await popFetch(url, { method: "HEAD" })).body).toBeNull();
  });
});

describe("the head of an answer", () => {
  const answerOf = (bytes: number) => {
    const [begin, end] = ["HTTP/1.1 200 OK\r\nx: ", "\r\ncontent-length: 2\r\n\r\n"];
    return `${begin}${"y".repeat(bytes - begin.length - end.length)}${end}in`;
  };
  const TOO_LONG = expect.stringMatching(/sent an answer whose head is longer than 16384 bytes\. Look for cookies/);

  it("BOUNDS-06 may have nearly 16 KiB, and what is longer is an error that says so", async () => {
    const { popFetch, url, open } = await odd(
      (socket, data) => void socket.write(answerOf(data.includes("/long") ? 16 * KIB + 100 : 16 * KIB - 100)),
    );
    expect(await (await popFetch(`${url}/short`)).text()).toBe("in");
    expect(await refusal(popFetch(`${url}/long`))).toMatchObject({ code: "network_error", retryable: false, message: TOO_LONG });
    await expect.poll(open).toBe(0);
  });

  it("BOUNDS-06 has that bound also in a process that was started with another", async () => {
    const { url, transport } = await odd((socket) => void socket.write(answerOf(20 * KIB)));
    const { chainPem, privateKeyPem } = await authority.issueCertificate({ keyType: "EC-P256" });
    const code = `
      import { BindingCertificate } from "../src/certificate/binding-certificate.ts";
      import { createPopFetch } from "../src/resource/pop-fetch.ts";
      const { url, ca, chainPem, privateKeyPem } = ${JSON.stringify({ url, ca: transport.ca, chainPem, privateKeyPem })};
      const lookup = (_name, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4));
      const bindingCertificate = await BindingCertificate.fromPem(chainPem, { key: privateKeyPem });
      const tokens = { acquireBoundToken: async () => ({ accessToken: "token", tokenType: "mtls_pop", bindingCertificate }) };
      const popFetch = createPopFetch({ tokens, resources: { odd: { baseUrl: url } }, transport: { lookup, ca } });
      console.log(JSON.stringify(await popFetch(url).then(({ status }) => status, ({ message }) => message)));`;
    expect(await inChild(code, { flags: ["--max-http-header-size=65536"] })).toEqual(TOO_LONG);
  });
});
