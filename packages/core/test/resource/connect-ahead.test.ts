import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BoundTokenSource } from "../../src/application/bound-token-source.js";
import { calling, echoed } from "./calling.js";

let world: Awaited<ReturnType<typeof calling>>;
let url: string;
beforeAll(async () => {
  world = await calling();
  url = `${world.customApi.url}/echo`;
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(() => world.close());

/** Counts the connections that are begun. */
function counted() {
  let connections = 0;
  const lookup: typeof world.transport.lookup = (...args) => {
    connections++;
    world.transport.lookup(...args);
  };
  return { transport: { ...world.transport, lookup }, connections: () => connections };
}

/** A source that waits with its token, for one certificate, and announces another one, or none. */
async function source(announced: BoundTokenSource["bindingCertificate"]) {
  const token = await world.tokenOf(world.certificate);
  let give = () => {};
  const wait = new Promise<void>((resolve) => {
    give = resolve;
  });
  const tokens: BoundTokenSource = {
    acquireBoundToken: () => wait.then(() => token),
    ...(announced && { bindingCertificate: announced }),
  };
  return { tokens, give: () => give() };
}

describe("connecting while the token is on its way", () => {
  it("the first call's connection is up before the token request is answered, and is used", async () => {
    world.emulator.faults.add({ on: "token", kind: "latency", delayMs: 200 });
    await using popFetch = world.popFetch();
    expect((await popFetch(url)).status).toBe(200);
    // connections are numbered as their handshakes end
    const [token, call] = world.emulator.requests;
    expect([token?.server, call?.server]).toEqual(["token", "custom-api"]);
    const { transport, connections } = counted();
    const { tokens, give } = await source(() => world.certificate);
    await using own = world.popFetch({ tokens, transport });
    const pending = own(url);
    await expect.poll(connections).toBe(1);
    give();
    expect((await pending).status).toBe(200);
    expect(connections()).toBe(1);
  });

  it("is not done for a source that does not know its certificate beforehand", async () => {
    const { transport, connections } = counted();
    const { tokens, give } = await source(undefined);
    await using popFetch = world.popFetch({ tokens, transport });
    const pending = popFetch(url);
    await new Promise(setImmediate);
    expect(connections()).toBe(0);
    give();
    expect((await pending).status).toBe(200);
  });

  it("for another certificate than the token's is not used, and closes", async () => {
    const other = await world.newCertificate();
    const { transport, connections } = counted();
    const { tokens, give } = await source(() => other.certificate);
    await using popFetch = world.popFetch({ tokens, transport });
    const pending = popFetch(url);
    await expect.poll(connections).toBe(1);
    give();
    expect((await echoed(pending)).certificateSha256).toBe(world.certificate.thumbprintSha256.toUpperCase());
    expect(connections()).toBe(2);
    expect(world.arrived()).toHaveLength(1);
  });

  it("that is known only after the token changes nothing any more", async () => {
    const other = await world.newCertificate();
    const { transport, connections } = counted();
    let announce = (_certificate: typeof other.certificate) => {};
    const announced = new Promise<typeof other.certificate>((resolve) => {
      announce = resolve;
    });
    const { tokens, give } = await source(() => announced);
    await using popFetch = world.popFetch({ tokens, transport });
    give();
    await (await popFetch(url)).text();
    announce(other.certificate);
    await announced;
    await new Promise(setImmediate);
    await (await popFetch(url)).text();
    expect(connections()).toBe(1);
    expect(new Set(world.arrived().map(({ connectionId }) => connectionId)).size).toBe(1);
  });

  it.each<[string, BoundTokenSource["bindingCertificate"]]>([
    ["fails", () => Promise.reject(new Error("not yet"))],
    [
      "throws",
      () => {
        throw new Error("not yet");
      },
    ],
    ["gives nothing", () => undefined],
    ["gives something else", (() => ({ thumbprint: "00" })) as never],
  ])("with a source whose guess %s is left out, and the call goes through", async (_how, announced) => {
    const { tokens, give } = await source(announced);
    await using popFetch = world.popFetch({ tokens });
    give();
    expect((await popFetch(url)).status).toBe(200);
  });

  it("that fails fails no call: the call makes its own attempt", async () => {
    const { tokens, give } = await source(() => world.certificate);
    let attempts = 0;
    const lookup: typeof world.transport.lookup = (name, options, done) => {
      if (++attempts === 1) done(Object.assign(new Error("no name"), { code: "ENOTFOUND" }), "", 4);
      else world.transport.lookup(name, options, done);
    };
    await using popFetch = world.popFetch({ tokens, transport: { ...world.transport, lookup } });
    const pending = popFetch(url);
    await expect.poll(() => attempts).toBe(1);
    await new Promise(setImmediate);
    give();
    expect((await pending).status).toBe(200);
  });
});
