import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BoundTokenSource } from "../../src/application/bound-token-source.js";
import { calling, echoed } from "./calling.js";

const CALLS = 50;
let world: Awaited<ReturnType<typeof calling>>;
let another: Awaited<ReturnType<typeof world.anotherCertificate>>;
beforeAll(async () => {
  world = await calling();
  another = await world.anotherCertificate();
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(() => world.close());

describe("a rotation of the certificate", () => {
  it("ROTATE-01 while 50 calls wait for their answers fails none of them, and the next ones have the new certificate and token", async () => {
    let certificate = world.certificate;
    await using popFetch = world.popFetch({ tokens: world.application({ certificate: () => certificate }) });
    const streams = Array.from({ length: CALLS }, (_, index) => world.customApi.stream(`rotates-${index}`));
    const before = streams.map((_, index) => popFetch(`${world.customApi.url}/stream/rotates-${index}`));
    await expect.poll(() => world.arrived().length).toBe(CALLS);
    certificate = another.certificate;
    const after = Array.from({ length: CALLS }, () => echoed(popFetch(`${world.customApi.url}/echo`)));
    const thumbprints = (await Promise.all(after)).map(({ certificateSha256 }) => certificateSha256);
    expect(new Set(thumbprints)).toEqual(new Set([another.certificate.thumbprintSha256.toUpperCase()]));
    await Promise.all(streams.map((stream, index) => stream.write(`old ${index}`)));
    await Promise.all(streams.map((stream) => stream.end()));
    const texts = await Promise.all(before.map(async (call) => (await call).text()));
    expect(texts).toEqual(streams.map((_, index) => `old ${index}`));
    expect(wrongPairs()).toEqual([]);
    // the old ones close when their answers are read, although the client goes on
    const old = connectionsOf(world.certificate.thumbprintSha256);
    expect(old.length).toBe(CALLS);
    await Promise.all(old.map((id) => world.emulator.connectionClosed(id)));
    expect(connectionsOf(another.certificate.thumbprintSha256).some((id) => old.includes(id))).toBe(false);
  });

  it("ROTATE-01 that happens again and again under load fails no call and mixes no pair", async () => {
    const both = [world.application(), world.application({ certificate: another.certificate })];
    let turn = 0;
    const tokens: BoundTokenSource = {
      // in turns, so that calls with either certificate are always under way
      acquireBoundToken: async (request) => (both[turn++ % 2] ?? world.application()).acquireBoundToken(request),
    };
    await using popFetch = world.popFetch({ tokens, maxConnectionsPerOrigin: 10 });
    const one = async (index: number) => {
      const init = index % 3 === 0 ? { method: "POST", body: `body ${index}` } : {};
      const response = await popFetch(`${world.customApi.url}/echo`, init);
      return [response.status, (await echoed(response)).text];
    };
    const outcomes = await Promise.all(Array.from({ length: CALLS * 3 }, (_, index) => one(index)));
    expect(outcomes).toEqual(outcomes.map((_, index) => [200, index % 3 === 0 ? `body ${index}` : ""]));
    expect(world.arrived().map(({ status }) => status)).toEqual(outcomes.map(() => 200));
    expect(wrongPairs()).toEqual([]);
    expect(new Set(world.arrived().map(({ clientCertificate }) => clientCertificate?.toString("hex"))).size).toBe(2);
  });
});

/** Requests whose token is bound to another certificate than their connection showed. */
function wrongPairs(): string[] {
  return world
    .arrived()
    .filter(({ headers, clientCertificate }) => {
      const [, payload = ""] = headers["authorization"]?.split(".") ?? [];
      const { cnf } = JSON.parse(Buffer.from(payload, "base64url").toString());
      return clientCertificate === undefined || cnf["x5t#S256"] !== createHash("sha256").update(clientCertificate).digest("base64url");
    })
    .map(({ path }) => path);
}

function connectionsOf(thumbprintSha256: string): number[] {
  const shown = world.arrived().filter(({ clientCertificate }) => {
    return (
      createHash("sha256")
        .update(clientCertificate ?? "")
        .digest("hex")
        .toUpperCase() === thumbprintSha256.toUpperCase()
    );
  });
  return [...new Set(shown.map(({ connectionId }) => connectionId))];
}
