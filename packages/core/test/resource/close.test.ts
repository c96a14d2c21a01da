import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BoundToken } from "../../src/application/bound-token-source.js";
import { refusal } from "../certificate/authority.js";
import { calling, given } from "./calling.js";

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

const allClosed = () => Promise.all(world.arrived().map(({ connectionId }) => world.emulator.connectionClosed(connectionId)));

describe("close()", () => {
  it("ends the idle connections, and later calls are refused; twice is once", async () => {
    const popFetch = world.popFetch({ tokens: given(token) });
    await Promise.all([popFetch(`${url}/echo`), popFetch(`${url}/echo`)]);
    await Promise.all([popFetch.close(), popFetch.close()]);
    await popFetch[Symbol.asyncDispose]();
    await allClosed();
    expect((await refusal(popFetch(`${url}/echo`))).code).toBe("client_closed");
    expect((await refusal(popFetch(`${url}/echo`, { method: "POST", body: new FormData() }))).code).toBe("client_closed");
    expect(world.arrived()).toHaveLength(2);
  });

  it("of a client that made no call ends at once", async () => {
    await world.popFetch({ tokens: given(token) }).close();
  });

  it("waits for a call that waits for its answer, and for the body that is read", async () => {
    const popFetch = world.popFetch({ tokens: given(token) });
    const stream = world.customApi.stream("waits");
    const called = popFetch(`${url}/stream/waits`);
    const text = called.then((response) => response.text());
    let closed = false;
    const closing = popFetch.close().then(() => {
      closed = true;
    });
    await stream.write("all ");
    await called;
    await stream.write("of it");
    expect(closed).toBe(false);
    await stream.end();
    expect(await text).toBe("all of it");
    await closing;
    await allClosed();
  });

  it("waits for the reader of a clone", async () => {
    const popFetch = world.popFetch({ tokens: given(token) });
    const response = await popFetch(`${url}/bytes/300000`);
    const copy = response.clone().arrayBuffer();
    const [closed] = await Promise.all([popFetch.close(), response.body?.cancel()]);
    expect(closed).toBeUndefined();
    expect((await copy).byteLength).toBe(300_000);
  });

  it("does not wait for a body that nobody reads, whose later reader is told", async () => {
    const popFetch = world.popFetch({ tokens: given(token) });
    const large = await popFetch(`${url}/bytes/5000000`);
    const small = await popFetch(`${url}/bytes/5000`);
    await popFetch.close();
    await allClosed();
    expect((await refusal(large.arrayBuffer())).code).toBe("client_closed");
    expect((await small.arrayBuffer()).byteLength).toBe(5000);
  });

  it("waits for a reader that stops no longer than the body's time-out", async () => {
    const popFetch = world.popFetch({ tokens: given(token), transport: { ...world.transport, bodyTimeoutMs: 60 } });
    const reader = (await popFetch(`${url}/bytes/5000000`)).body?.getReader();
    await reader?.read();
    await popFetch.close();
    await allClosed();
  });

  it("goes on after a call that fails", async () => {
    const popFetch = world.popFetch({ tokens: given(token) });
    world.emulator.faults.add({ on: "custom-api", kind: "reset", times: 2 });
    const call = refusal(popFetch(`${url}/echo`));
    await popFetch.close();
    expect((await call).code).toBe("network_error");
  });

  it("is final also for a connection that was to be opened ahead", async () => {
    let give = (_certificate: typeof world.certificate) => {};
    const certificate = new Promise<typeof world.certificate>((resolve) => {
      give = resolve;
    });
    let connections = 0;
    const lookup: typeof world.transport.lookup = (...args) => {
      connections++;
      world.transport.lookup(...args);
    };
    const tokens = { acquireBoundToken: () => Promise.reject(new Error("no token")), bindingCertificate: () => certificate };
    const popFetch = world.popFetch({ tokens, transport: { ...world.transport, lookup } });
    await expect(popFetch(`${url}/echo`)).rejects.toThrow("no token");
    await popFetch.close();
    give(world.certificate);
    await certificate;
    await new Promise(setImmediate);
    expect(connections).toBe(0);
  });
});
