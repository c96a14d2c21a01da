import { afterEach, describe, expect, it } from "vitest";
import { MtlsPopError } from "../../../src/errors.js";
import { type OnData, startOddServer } from "../odd-server.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server of these answers, in turn, the last one again and again; and a client of it. */
async function answering(...answers: readonly string[]) {
  const seen: string[] = [];
  const onData: OnData = (socket, data) => {
    const answer = answers[Math.min(seen.length, answers.length - 1)] ?? "";
    seen.push(data);
    socket.write(answer);
  };
  const server = await startOddServer(onData);
  const popFetch = server.popFetch();
  closers.push(server.close, popFetch.close);
  return { ...server, popFetch, seen };
}

const ok = (body: string, ...headers: string[]) => ["HTTP/1.1 200 OK", ...headers, `content-length: ${body.length}`, "", body].join("\r\n");

describe("the Response", () => {
  it("FETCH-50 is of type basic, also when it is cloned", async () => {
    const { popFetch, url } = await answering(ok("body"));
    const response = await popFetch(url);
    expect([response.type, response.clone().type]).toEqual(["basic", "basic"]);
  });

  it("FETCH-51 says whether it was redirected, and where it came from", async () => {
    const { popFetch, url } = await answering("HTTP/1.1 302 Found\r\nlocation: /b#c\r\ncontent-length: 0\r\n\r\n", ok("b"));
    const response = await popFetch(`${url}/a`);
    expect([response.redirected, response.url]).toEqual([true, `${url}/b`]);
    expect((await popFetch(`${url}/b`)).redirected).toBe(false);
  });

  it("FETCH-57 has a body that is read once: the second time is a TypeError", async () => {
    const { popFetch, url } = await answering(ok("body"));
    const response = await popFetch(url);
    expect([response.bodyUsed, await response.text(), response.bodyUsed]).toEqual([false, "body", true]);
    await expect(response.text()).rejects.toThrow(TypeError);
    expect(() => response.clone()).toThrow(TypeError);
  });

  it.each(["json", "text", "arrayBuffer", "blob", "formData"] as const)("FETCH-57 is read as %s by the platform", async (method) => {
    const { popFetch, url } = await answering(
      ok("a=1", "content-type: application/x-www-form-urlencoded"),
      ok("[1]", "content-type: application/json"),
    );
    if (method === "json") await popFetch(url);
    const read: unknown = await (await popFetch(url))[method]();
    if (read instanceof Blob) expect([read.type, await read.text()]).toEqual(["application/x-www-form-urlencoded", "a=1"]);
    else if (read instanceof FormData) expect(read.get("a")).toBe("1");
    else if (read instanceof ArrayBuffer) expect(Buffer.from(read).toString()).toBe("a=1");
    else expect(read).toEqual(method === "json" ? [1] : "a=1");
  });

  it("FETCH-59 has a body that is teed, whose halves are both whole", async () => {
    const text = "x".repeat(200_000);
    const { popFetch, url } = await answering(ok(text));
    const [one, other] = (await popFetch(url)).body?.tee() ?? [];
    const texts = [one, other].map((half) => new Response(half ?? null).text());
    expect(await Promise.all(texts)).toEqual([text, text]);
  });

  it("FETCH-60 has each Set-Cookie, and no later call sends one", async () => {
    const { popFetch, url, seen } = await answering(ok("", "set-cookie: a=1; path=/", "Set-Cookie: b=2"));
    expect((await popFetch(url)).headers.getSetCookie()).toEqual(["a=1; path=/", "b=2"]);
    await popFetch(url);
    expect(seen[1]).not.toMatch(/cookie/i);
  });

  it("FETCH-60 has headers joined by name, in Latin-1", async () => {
    const { popFetch, url } = await answering(ok("", "x-twice: 1", "X-Twice: 2", "x-empty:"));
    const { headers } = await popFetch(url);
    expect([headers.get("x-twice"), headers.get("x-empty"), headers.get("x-none")]).toEqual(["1, 2", "", null]);
  });

  it("FETCH-61 has no trailers, and the body before them is whole", async () => {
    const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-late\r\n\r\n4\r\nbody\r\n0\r\nx-late: yes\r\n\r\n";
    const { popFetch, url, connections } = await answering(chunked);
    for (let i = 0; i < 2; i++) {
      const response = await popFetch(url);
      expect([await response.text(), response.headers.get("x-late")]).toEqual(["body", null]);
    }
    expect(connections()).toBe(1);
  });

  it("FETCH-62 comes after answers that announce it, which are not shown", async () => {
    const { popFetch, url } = await answering(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n${ok("body")}`,
    );
    const response = await popFetch(url);
    expect([response.status, response.headers.get("link"), await response.text()]).toEqual([200, null, "body"]);
  });

  it("FETCH-67 has headers that its reader may change, which changes no other's", async () => {
    const { popFetch, url } = await answering(ok("", "x-mine: 1"));
    const response = await popFetch(url);
    const copy = response.clone();
    response.headers.set("x-mine", "2");
    expect(copy.headers.get("x-mine")).toBe("1");
  });
});

describe("a network error", () => {
  it("FETCH-64 is an MtlsPopError, which is no TypeError, with a code and a cause", async () => {
    const { popFetch, url, close } = await answering();
    await close();
    const error = await popFetch(url).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MtlsPopError);
    expect(error).not.toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: "MtlsPopError", code: "network_error", cause: { code: "ECONNREFUSED" } });
  });
});
