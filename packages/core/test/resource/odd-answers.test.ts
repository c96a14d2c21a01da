import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { ResourceOptions } from "../../src/resource/resource.js";
import { refusal } from "../certificate/authority.js";
import { type OnData, startOddServer } from "./odd-server.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server that answers each request with what `answer` says, and a client of it. */
async function odd(answer: string | Buffer | OnData, resource: Partial<ResourceOptions> = { authorizationScheme: "pop" }) {
  const server = await startOddServer((socket, data, connection) => {
    if (typeof answer === "function") answer(socket, data, connection);
    else socket.write(answer);
  });
  const popFetch = server.popFetch({ resources: { odd: { baseUrl: server.url, ...resource } } });
  closers.push(server.close, popFetch.close);
  return { ...server, popFetch };
}

const ok = (body: string, ...headers: string[]) => ["HTTP/1.1 200 OK", ...headers, `content-length: ${body.length}`, "", body].join("\r\n");

describe("answers", () => {
  it("of 1xx before the real one are passed over", async () => {
    const { popFetch, url } = await odd(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok("real")}`);
    const response = await popFetch(url);
    expect([response.status, await response.text()]).toEqual([200, "real"]);
  });

  it("have each Set-Cookie for itself, and values in Latin-1", async () => {
    const { popFetch, url } = await odd(Buffer.from(ok("", "set-cookie: a=1", "Set-Cookie: b=2", "x-name: J\u00fcrgen"), "latin1"));
    const { headers } = await popFetch(url);
    expect(headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(headers.get("x-name")).toBe("J\u00fcrgen");
  });

  it("FETCH-52 have a status text of the server's own, or none", async () => {
    const { popFetch, url } = await odd((socket, data) =>
      socket.write(`HTTP/1.1 299 ${data.includes("/a") ? "Nearly So" : ""}\r\ncontent-length: 0\r\n\r\n`),
    );
    expect((await popFetch(`${url}/a`)).statusText).toBe("Nearly So");
    expect((await popFetch(`${url}/b`)).statusText).toBe("");
  });

  it("FETCH-54 to a HEAD leave the connection to the next call", async () => {
    const { popFetch, url, connections } = await odd((socket, data) =>
      socket.write(data.startsWith("HEAD") ? ok("").replace(": 0", ": 9") : ok("next")),
    );
    expect((await popFetch(url, { method: "HEAD" })).headers.get("content-length")).toBe("9");
    expect(await (await popFetch(url)).text()).toBe("next");
    expect(connections()).toBe(1);
  });

  it.each([
    ["their length", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"],
    ["the last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
    [
      "their length, encoded",
      Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 900\r\n\r\n"), gzipSync("half")]),
    ],
  ])("FETCH-65 that end before %s are an error of the reader's", async (_what, answer) => {
    const { popFetch, url } = await odd((socket) => void socket.end(answer));
    const response = await popFetch(url);
    expect(response.status).toBe(200);
    expect((await refusal(response.text())).code).toBe("network_error");
  });

  it("FETCH-65 without a length end with the connection", async () => {
    const { popFetch, url } = await odd((socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\nall of it"));
    expect(await (await popFetch(url)).text()).toBe("all of it");
  });

  it.each([
    ["are no HTTP", "SSH-2.0-odd\r\n\r\n"],
    ["have a head without end", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`],
    ["have two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"],
    ["have the status 999", "HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n"],
    ["change the protocol", "HTTP/1.1 101 Switching Protocols\r\nupgrade: odd\r\nconnection: upgrade\r\n\r\n"],
  ])("FETCH-66 that %s are an error", async (_what, answer) => {
    const { popFetch, url, open } = await odd(answer);
    expect(await refusal(popFetch(url))).toMatchObject({ code: "network_error", retryable: false });
    await expect.poll(open).toBe(0);
  });

  it.each([
    ["an unknown encoding", "content-encoding: zork", "text"],
    ["an unknown encoding under a known one", "content-encoding: zork, gzip", "text"],
    ["identity", "content-encoding: identity", "text"],
  ])("FETCH-55 with %s are handed on as they are", async (_what, header, body) => {
    const { popFetch, url } = await odd(ok(body, header));
    expect(await (await popFetch(url)).text()).toBe(body);
  });

  it("FETCH-55 of several encodings are decoded of all of them, five at most", async () => {
    const encoded = (count: number) => {
      let body: Buffer = Buffer.from("deep");
      for (let i = 0; i < count; i++) body = gzipSync(body);
      const head = `HTTP/1.1 200 OK\r\ncontent-encoding: ${Array.from({ length: count }, () => "x-gzip").join(", ")}\r\ncontent-length: ${body.length}\r\n\r\n`;
      return Buffer.concat([Buffer.from(head), body]);
    };
    const { popFetch, url, open } = await odd((socket, data) => void socket.write(encoded(data.includes("/five") ? 5 : 6)));
    expect(await (await popFetch(`${url}/five`)).text()).toBe("deep");
    expect(await refusal(popFetch(`${url}/six`))).toMatchObject({ code: "network_error", retryable: false });
    await expect.poll(open).toBe(0);
  });

  it.each(["gzip", "deflate", "br"])("FETCH-55 that are not the %s that they say are an error that says so", async (encoding) => {
    const { popFetch, url } = await odd(ok("this is not compressed at all", `content-encoding: ${encoding}`));
    const error = await refusal((await popFetch(url)).text());
    expect(error).toMatchObject({ code: "network_error", retryable: false, message: expect.stringMatching(/Content-Encoding/) });
  });

  it("with an encoding and no body are empty", async () => {
    const { popFetch, url } = await odd(ok("", "content-encoding: gzip"));
    expect(await (await popFetch(url)).text()).toBe("");
  });

  it.each([
    ["a body of bytes", () => new Uint8Array(8 * 1024 * 1024)],
    ["a stream", () => new ReadableStream({ type: "bytes", pull: (controller) => controller.enqueue(new Uint8Array(65536)) })],
  ])("FETCH-29 that do not wait for %s are handed on, and the connection is given up", async (_what, body) => {
    const { popFetch, url, connections } = await odd((socket, data) => {
      if (data.startsWith("GET")) return void socket.write(ok(""));
      socket.pause();
      socket.write(ok("too large").replace("200 OK", "413 Content Too Large"));
    });
    const response = await popFetch(url, { method: "POST", body: body(), duplex: "half" });
    expect([response.status, await response.text()]).toEqual([413, "too large"]);
    expect((await popFetch(url)).status).toBe(200);
    expect(connections()).toBe(2);
  });

  it("of 401 that do not wait for the body are answered with the other scheme over another connection", async () => {
    const answer: OnData = (socket, data) => {
      if (data.includes("mtls_pop")) return void socket.write(ok("in"));
      socket.pause();
      socket.write(ok("").replace("200 OK", "401 Unauthorized"));
    };
    const { url, connections, popFetch } = await odd(answer, {});
    const response = await popFetch(url, { method: "POST", body: new Uint8Array(8 * 1024 * 1024) });
    expect([response.status, await response.text(), connections()]).toEqual([200, "in", 2]);
  });

  it("of 401 that are cut, after another scheme's whole one, keep nobody waiting: that one is the caller's", async () => {
    const { popFetch, url } = await odd((socket, data) => {
      if (/authorization: pop/i.test(data)) return socket.write("HTTP/1.1 401 No\r\ncontent-length: 5\r\n\r\nfirst");
      return socket.end("HTTP/1.1 401 No\r\ncontent-length: 100\r\n\r\nsecond");
    }, {});
    expect(await (await popFetch(url)).text()).toBe("first");
  });

  it("with challenges that are made to be slow to read are read at once", async () => {
    const challenge = `www-authenticate: ${"a".repeat(7000)}( ${'a="'.repeat(2000)}`;
    const { popFetch, url } = await odd(ok("no", challenge).replace("200 OK", "401 Unauthorized"));
    expect((await popFetch(url)).status).toBe(401);
  });
});

describe("redirects", () => {
  it("FETCH-45 to a Location in UTF-8 go where it says", async () => {
    const { popFetch, url } = await odd((socket, data) => {
      if (data.includes("/start")) socket.write(Buffer.from(ok("", "location: /caf\u00e9").replace("200 OK", "302 Found")));
      else socket.write(ok(data.split(" ")[1] ?? ""));
    });
    expect(await (await popFetch(`${url}/start`)).text()).toBe("/caf%C3%A9");
  });

  it("to a blob of the same origin are refused", async () => {
    const { popFetch, url } = await odd((socket, data) =>
      socket.write(ok("", `location: blob:https://${/host: (\S+)/.exec(data)?.[1]}/x`).replace("200 OK", "302 Found")),
    );
    expect((await refusal(popFetch(url))).code).toBe("redirect_refused");
  });

  it("that are refused close their connection, whose body may never end", async () => {
    const { popFetch, url, open } = await odd("HTTP/1.1 302 Found\r\nlocation: https://evil.example/\r\ncontent-length: 9\r\n\r\nhalf");
    expect((await refusal(popFetch(url))).code).toBe("redirect_refused");
    await expect.poll(open).toBe(0);
  });
});
