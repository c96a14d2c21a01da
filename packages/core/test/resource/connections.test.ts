import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loopbackLookup } from "../../../emulator/src/server/loopback-lookup.js";
import type { BoundToken } from "../../src/application/bound-token-source.js";
import { refusal } from "../certificate/authority.js";
import { startRawServer } from "../transport/control-servers.js";
import { calling, given } from "./calling.js";
import { type OnData, startOddServer } from "./odd-server.js";

let world: Awaited<ReturnType<typeof calling>>;
let token: BoundToken;
let url: string;
beforeAll(async () => {
  world = await calling();
  token = await world.tokenOf(world.certificate);
  ({ url } = world.customApi);
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(() => world.close());

const connectionsUsed = () => new Set(world.arrived().map(({ connectionId }) => connectionId)).size;

describe("the pool", () => {
  it("BOUNDS-01 opens no more connections than maxConnectionsPerOrigin, and what waits gets its turn", async () => {
    await using popFetch = world.popFetch({ tokens: given(token), maxConnectionsPerOrigin: 5 });
    const statuses = await Promise.all(Array.from({ length: 51 }, async () => (await popFetch(`${url}/echo`)).status));
    expect(statuses).toEqual(Array.from({ length: 51 }, () => 200));
    expect(connectionsUsed()).toBe(5);
  });

  it("BOUNDS-01 opens at most 50 unless it is told otherwise", async () => {
    await using popFetch = world.popFetch({ tokens: given(token) });
    await Promise.all(Array.from({ length: 60 }, () => popFetch(`${url}/echo`)));
    expect(connectionsUsed()).toBeLessThanOrEqual(50);
    expect(connectionsUsed()).toBeGreaterThan(5);
  });

  it("BOUNDS-09 says so when a call waits for a connection for too long", async () => {
    await using popFetch = world.popFetch({
      tokens: given(token),
      maxConnectionsPerOrigin: 1,
      transport: { ...world.transport, headersTimeoutMs: 1000 },
    });
    const stream = world.customApi.stream("occupies");
    const occupied = await popFetch(`${url}/stream/occupies`);
    const error = await refusal(popFetch(`${url}/echo`));
    expect(error).toMatchObject({
      code: "timeout",
      message: expect.stringMatching(/at most 1\) were all in use.*maxConnectionsPerOrigin/),
    });
    await stream.end();
    await occupied.text();
    expect((await popFetch(`${url}/echo`)).status).toBe(200);
    expect(world.arrived().map(({ path }) => path)).toEqual(["/stream/occupies", "/echo"]);
  });

  it("lets an aborted call leave the queue, and the ones behind it go on", async () => {
    await using popFetch = world.popFetch({ tokens: given(token), maxConnectionsPerOrigin: 1 });
    const stream = world.customApi.stream("queue");
    const occupied = await popFetch(`${url}/stream/queue`);
    const controller = new AbortController();
    const leaves = popFetch(`${url}/echo?leaves`, { signal: controller.signal });
    const stays = popFetch(`${url}/echo?stays`);
    await Promise.resolve();
    controller.abort(new Error("enough"));
    await expect(leaves).rejects.toThrow("enough");
    await stream.end();
    await occupied.text();
    expect((await stays).status).toBe(200);
    expect(world.arrived().map(({ query }) => Object.keys(query)[0])).toEqual([undefined, "stays"]);
  });

  it("BOUNDS-02 gives connections that are idle up for other origins", async () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    const resources = Object.fromEntries(names.map((name) => [name, { baseUrl: world.customApi.urlOf(name) }]));
    await using popFetch = world.popFetch({ tokens: given(token), maxConnectionsPerOrigin: 1, resources });
    const call = async (name: string) => (await popFetch(`${world.customApi.urlOf(name)}/echo`)).status;
    expect(await Promise.all(names.map(call))).toEqual(names.map(() => 200));
    for (const name of names) expect(await call(name)).toBe(200);
  });
});

describe("the total of all connections", () => {
  /** A client that has at most four connections, one for an origin, and calls of it by the origin's name. */
  function four() {
    const names = ["a", "b", "c", "d", "e"];
    const resources = Object.fromEntries(names.map((name) => [name, { baseUrl: world.customApi.urlOf(name) }]));
    const popFetch = world.popFetch({ tokens: given(token), maxConnectionsPerOrigin: 1, resources });
    return {
      call: (name: string, path: string) => popFetch(`${world.customApi.urlOf(name)}${path}`),
      [Symbol.asyncDispose]: popFetch.close,
    };
  }

  it("BOUNDS-02 closes the connection that has been idle for longest, and no other", async () => {
    await using client = four();
    for (const name of ["a", "b", "c", "d", "e", "b", "c", "d"]) expect((await client.call(name, "/echo")).status).toBe(200);
    const first = world.arrived();
    expect(connectionsUsed()).toBe(5);
    await world.emulator.connectionClosed(first[0]?.connectionId ?? 0);
  });

  it("BOUNDS-02 that is used up by others that are busy gives a connection up as soon as one of them is not", async () => {
    await using client = four();
    const busy = ["a", "b", "c", "d"].map((name) => ({ name, stream: world.customApi.stream(`total-${name}`) }));
    const answers = await Promise.all(busy.map(({ name }) => client.call(name, `/stream/total-${name}`)));
    const waits = client.call("e", "/echo");
    await busy[0]?.stream.end();
    await answers[0]?.text();
    expect((await waits).status).toBe(200);
    const first = world.arrived().find(({ path }) => path === "/stream/total-a");
    await world.emulator.connectionClosed(first?.connectionId ?? 0);
    await Promise.all(busy.slice(1).map(({ stream }) => stream.end()));
    await Promise.all(answers.slice(1).map((answer) => answer.text()));
  });
});

describe("a kept-alive connection that the server has closed", () => {
  let closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
    closers = [];
  });

  /** The first connection answers once and then resets; later ones answer always, and what they are sent is noted. */
  async function stale(times = 1) {
    const seen: string[] = [];
    const answered = new Set<number>();
    const onData: OnData = (socket, data, connection) => {
      seen.push(`${connection} ${data.split(" ")[0]}`);
      if (answered.has(connection) && connection <= times) return void socket.destroy();
      answered.add(connection);
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    };
    const server = await startOddServer(onData);
    const popFetch = server.popFetch();
    closers.push(server.close, popFetch.close);
    await (await popFetch(server.url)).text();
    return { popFetch, url: server.url, seen };
  }

  it.each(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])("RETRY-01 is replaced once for a %s", async (method) => {
    const { popFetch, url, seen } = await stale();
    const response = await popFetch(url, { method, ...(method === "PUT" && { body: "again" }) });
    expect(response.status).toBe(200);
    expect(seen).toEqual(["1 GET", `1 ${method}`, `2 ${method}`]);
  });

  it.each(["POST", "PATCH"])("RETRY-02 is not for a %s, and the error says so", async (method) => {
    const { popFetch, url, seen } = await stale();
    const error = await refusal(popFetch(url, { method, body: "once" }));
    expect(error).toMatchObject({ code: "network_error", message: expect.stringMatching(/kept-alive.*not idempotent.*find out before/) });
    expect(error.message).not.toMatch(/refuse/);
    expect(seen).toEqual(["1 GET", `1 ${method}`]);
    expect((await popFetch(url, { method, body: "once" })).status).toBe(200);
  });

  it("RETRY-02 is not for a stream, and the error says so", async () => {
    const { popFetch, url, seen } = await stale();
    const error = await refusal(popFetch(url, { method: "PUT", body: new Blob(["once"]).stream(), duplex: "half" }));
    expect(error.message).toMatch(/sent once only/);
    expect(seen).toHaveLength(2);
  });

  it("takes the idle ones beside it along", async () => {
    const seen: string[] = [];
    const asked = new Set<number>();
    const server = await startOddServer((socket, _data, connection) => {
      seen.push(String(connection));
      if (connection <= 2 && asked.has(connection)) return void socket.destroy();
      asked.add(connection);
      // the first two answers come when both connections are there
      const answer = () => void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      if (connection === 1) answerFirst = answer;
      else answer();
      if (connection === 2) answerFirst();
    });
    let answerFirst = () => {};
    const popFetch = server.popFetch();
    closers.push(server.close, popFetch.close);
    await Promise.all([popFetch(server.url), popFetch(server.url)].map(async (call) => (await call).text()));
    expect((await popFetch(server.url)).status).toBe(200);
    expect(seen.at(-1)).toBe("3");
    await expect.poll(server.open).toBe(1);
  });

  it.each(["GET", "POST"])("that was opened ahead and refused without a word: a %s says what it may be", async (method) => {
    const server = await startOddServer((socket) => void socket.destroy());
    closers.push(server.close);
    const source = given({ accessToken: "token", tokenType: "mtls_pop", bindingCertificate: server.certificate });
    const tokens = {
      bindingCertificate: () => server.certificate,
      acquireBoundToken: async () => {
        await expect.poll(server.open).toBe(1);
        return source.acquireBoundToken({ scopes: [] });
      },
    };
    await using popFetch = server.popFetch({ tokens });
    const error = await refusal(popFetch(server.url, { method }));
    expect(error).toMatchObject({ code: "network_error", help: expect.stringMatching(/may refuse this client certificate/) });
    expect(error.message).not.toMatch(/kept-alive/);
  });

  it("RETRY-01 that was opened ahead is replaced as well", async () => {
    let resets = 1;
    const seen: number[] = [];
    const server = await startOddServer((socket, _data, connection) => {
      seen.push(connection);
      if (resets-- > 0) socket.destroy();
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    closers.push(server.close);
    const source = given({ accessToken: "token", tokenType: "mtls_pop", bindingCertificate: server.certificate });
    const tokens = {
      bindingCertificate: () => server.certificate,
      acquireBoundToken: async () => {
        await expect.poll(server.open).toBe(1);
        return source.acquireBoundToken({ scopes: [] });
      },
    };
    await using popFetch = server.popFetch({ tokens });
    expect((await popFetch(server.url)).status).toBe(200);
    expect(seen).toEqual([1, 2]);
  });

  it("a body that is reset on a kept-alive connection is not asked for again", async () => {
    const seen: string[] = [];
    const server = await startOddServer((socket, data) => {
      seen.push(data.split(" ")[1] ?? "");
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${seen.length === 1 ? 2 : 200000}\r\n\r\nok`);
      if (seen.length > 1) setImmediate(() => socket.destroy());
    });
    const popFetch = server.popFetch();
    closers.push(server.close, popFetch.close);
    await (await popFetch(`${server.url}/whole`)).text();
    expect((await refusal((await popFetch(`${server.url}/cut`)).text())).code).toBe("network_error");
    expect(seen).toEqual(["/whole", "/cut"]);
  });
});

describe("the server's certificate", () => {
  it("of an unknown authority is refused, and nothing is sent", async () => {
    const { lookup } = world.transport;
    await using popFetch = world.popFetch({ tokens: given(token), transport: { lookup } });
    const error = await refusal(popFetch(`${url}/echo`));
    expect(error).toMatchObject({ code: "tls_handshake_failed", message: expect.stringMatching(/not trusted/) });
    expect(world.arrived()).toEqual([]);
  });

  it("for another name is refused, and nothing is sent", async () => {
    const server = await startOddServer(() => {});
    const other = server.url.replace("odd.example", "other.example");
    await using popFetch = server.popFetch({ resources: { other: { baseUrl: other } } });
    const error = await refusal(popFetch(other));
    expect(error).toMatchObject({ code: "tls_handshake_failed", message: expect.stringMatching(/ERR_TLS_CERT_ALTNAME_INVALID/) });
    await server.close();
  });

  it("of a server that is not there is a network error", async () => {
    const server = await startOddServer(() => {});
    await server.close();
    await using popFetch = server.popFetch();
    expect(await refusal(popFetch(server.url))).toMatchObject({ code: "network_error", retryable: true });
  });

  it("BOUNDS-07 that never comes is a time-out of the connection", async () => {
    const silent = await startRawServer(() => {});
    const baseUrl = silent.url("https");
    const transport = { lookup: loopbackLookup((name) => name === baseUrl.hostname), connectTimeoutMs: 60 };
    await using popFetch = world.popFetch({ tokens: given(token), resources: { silent: { baseUrl } }, transport });
    const error = await refusal(popFetch(baseUrl));
    expect(error).toMatchObject({ code: "timeout", message: expect.stringMatching(/connectTimeoutMs/) });
    await silent.close();
  });
});
