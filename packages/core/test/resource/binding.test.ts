import { request } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { calling, echoed } from "./calling.js";

let world: Awaited<ReturnType<typeof calling>>;
beforeAll(async () => {
  world = await calling();
  world.emulator.keyVault.secrets.set("my-secret", "s3cret");
});
afterAll(() => world.close());

describe("a token and its connection", () => {
  it("BIND-01 the result's certificate is what the resource's TLS sees", async () => {
    await using popFetch = world.popFetch();
    const { certificateSha256, clientId } = await echoed(popFetch(`${world.customApi.url}/echo`));
    expect(certificateSha256).toBe(world.certificate.thumbprintSha256.toUpperCase());
    expect(clientId).toBe(world.clientId);
  });

  it("BIND-03 the right scheme and the right certificate are a 200 of each resource", async () => {
    await using popFetch = world.popFetch();
    const { keyVault, graph, customApi } = world.emulator;
    const urls = [`${keyVault.url}/secrets/my-secret?api-version=7.4`, `${graph.url}/v1.0/applications`, `${customApi.url}/echo`];
    const statuses = await Promise.all(urls.map(async (url) => (await popFetch(url)).status));
    expect(statuses).toEqual([200, 200, 200]);
  });

  it("BIND-04 the fetch never sends Bearer, and by hand it is refused", async () => {
    await using popFetch = world.popFetch();
    await Promise.all([popFetch(`${world.customApi.url}/echo`), popFetch(`${world.emulator.graph.url}/v1.0/applications`)]);
    const schemes = world.arrived().map(({ headers }) => headers["authorization"]?.split(" ")[0]);
    expect(new Set(schemes)).toEqual(new Set(["pop", "mtls_pop"]));
    const { accessToken } = await world.tokenOf(world.certificate);
    expect(await byHand(world.certificate, `Bearer ${accessToken}`)).toMatchObject({
      status: 401,
      body: expect.stringMatching(/The scheme bearer is not taken/),
    });
  });

  it("BIND-05 by hand without a certificate the resource refuses", async () => {
    const { accessToken } = await world.tokenOf(world.certificate);
    expect(await byHand(undefined, `pop ${accessToken}`)).toMatchObject({
      status: 401,
      body: expect.stringMatching(/no client certificate/),
    });
  });

  it("BIND-06 by hand with another certificate the resource refuses", async () => {
    const { accessToken } = await world.tokenOf(world.certificate);
    const { certificate } = await world.newCertificate();
    expect(await byHand(certificate, `pop ${accessToken}`)).toMatchObject({
      status: 401,
      body: expect.stringMatching(/bound to .*, the connection showed/),
    });
  });

  it("BIND-07 a cached result's certificate works for the call as well", async () => {
    const tokens = world.application();
    await tokens.acquireBoundToken({ scopes: [world.customApi.scope] });
    const before = world.tokenRequests().length;
    await using popFetch = world.popFetch({ tokens });
    const { certificateSha256 } = await echoed(popFetch(`${world.customApi.url}/echo`));
    expect(certificateSha256).toBe(world.certificate.thumbprintSha256.toUpperCase());
    expect(world.tokenRequests()).toHaveLength(before);
  });

  it("HTTP-02 several calls with one certificate reuse one connection", async () => {
    await using popFetch = world.popFetch();
    const before = world.arrived().length;
    for (let i = 0; i < 5; i++) await (await popFetch(`${world.customApi.url}/echo`)).text();
    const calls = world.arrived().slice(before);
    expect(calls).toHaveLength(5);
    expect(new Set(calls.map(({ connectionId }) => connectionId)).size).toBe(1);
  });

  it("HTTP-03 after a rotation calls go over new connections, and the old ones close when they are done", async () => {
    const other = await world.anotherCertificate();
    let certificate = world.certificate;
    await using popFetch = world.popFetch({ tokens: world.application({ certificate: () => certificate }) });
    const before = world.arrived().length;
    await (await popFetch(`${world.customApi.url}/echo`)).text();
    const stream = world.customApi.stream("drains");
    const streaming = await popFetch(`${world.customApi.url}/stream/drains`);
    certificate = other.certificate;
    expect((await echoed(popFetch(`${world.customApi.url}/echo`))).certificateSha256).toBe(
      other.certificate.thumbprintSha256.toUpperCase(),
    );
    await stream.write("still ");
    await stream.write("here");
    await stream.end();
    expect(await streaming.text()).toBe("still here");
    const [first, second, third] = world.arrived().slice(before);
    expect(second?.connectionId).toBe(first?.connectionId);
    expect(third?.connectionId).not.toBe(first?.connectionId);
    await world.emulator.connectionClosed(first?.connectionId ?? 0);
  });

  it("HTTP-05 no connection and no TLS session is shared between certificates, however calls are mixed", async () => {
    const other = await world.anotherCertificate();
    const tokens = await Promise.all([world.certificate, other.certificate].map((certificate) => world.tokenOf(certificate)));
    let turn = 0;
    await using popFetch = world.popFetch({ tokens: { acquireBoundToken: async () => tokens[turn++ % 2] ?? Promise.reject() } });
    const before = world.arrived().length;
    // in turns, then all at once
    for (let i = 0; i < 6; i++) await (await popFetch(`${world.customApi.url}/echo`)).text();
    await Promise.all(Array.from({ length: 20 }, async () => (await popFetch(`${world.customApi.url}/echo`)).text()));
    const calls = world.arrived().slice(before);
    expect(calls.map(({ status }) => status)).toEqual(Array.from({ length: 26 }, () => 200));
    const shown = new Map<number, Set<string>>();
    for (const { connectionId, clientCertificate } of calls) {
      shown.set(connectionId, (shown.get(connectionId) ?? new Set()).add(clientCertificate?.toString("hex") ?? ""));
    }
    expect([...shown.values()].every((certificates) => certificates.size === 1)).toBe(true);
    const switched = calls.slice(0, 6);
    expect(new Set(switched.map(({ connectionId }) => connectionId)).size).toBe(6);
    expect(switched.some(({ sessionReused }) => sessionReused)).toBe(false);
  });

  it("BOUNDS-11 a new connection with the same certificate resumes the TLS session of an earlier one", async () => {
    await using popFetch = world.popFetch();
    await (await popFetch(`${world.customApi.url}/echo`)).text();
    const before = world.arrived().length;
    await Promise.all(Array.from({ length: 3 }, async () => (await popFetch(`${world.customApi.url}/echo`)).text()));
    const calls = world.arrived().slice(before);
    expect(new Set(calls.map(({ connectionId }) => connectionId)).size).toBe(3);
    expect(calls.filter(({ sessionReused }) => sessionReused)).toHaveLength(2);
    expect(calls.every(({ clientCertificate }) => clientCertificate)).toBe(true);
  });

  it("BOUNDS-11 a vault's session of before the renegotiation is resumed, and the certificate asked for again", async () => {
    await using popFetch = world.popFetch();
    const url = `${world.emulator.keyVault.url}/secrets/my-secret?api-version=7.4`;
    await (await popFetch(url)).text();
    const before = world.arrived().length;
    const statuses = await Promise.all(Array.from({ length: 3 }, async () => (await popFetch(url)).status));
    expect(statuses).toEqual([200, 200, 200]);
    expect(
      world
        .arrived()
        .slice(before)
        .filter(({ sessionReused }) => sessionReused),
    ).toHaveLength(2);
  });

  it.each(["EC-P256", "EC-P384", "RSA-3072", "RSA-4096"] as const)("PLAT-04 a key of %s calls a resource and a vault", async (keyType) => {
    const { certificate } = await world.anotherCertificate({ keyType });
    await using popFetch = world.popFetch({ tokens: world.application({ certificate }) });
    const { certificateSha256 } = await echoed(popFetch(`${world.customApi.url}/echo`));
    expect(certificateSha256).toBe(certificate.thumbprintSha256.toUpperCase());
    expect((await popFetch(`${world.emulator.keyVault.url}/secrets/my-secret?api-version=7.4`)).status).toBe(200);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("PLAT-03 a resource is called over %s", async (maxVersion) => {
    const orders = { ...world.resources.orders, tls: { maxVersion } };
    await using popFetch = world.popFetch({ resources: { orders } });
    expect((await popFetch(`${world.customApi.url}/echo`)).status).toBe(200);
    expect(world.arrived().at(-1)).toMatchObject({ tlsProtocol: maxVersion });
  });
});

/** One request with credentials of the test's choice, past the bound fetch. */
async function byHand(certificate: BindingCertificate | undefined, authorization: string): Promise<{ status: number; body: string }> {
  const { ca, lookup } = world.transport;
  const url = new URL(`${world.customApi.url}/echo`);
  return new Promise((resolve, reject) => {
    const options = {
      agent: false as const,
      headers: { authorization },
      lookup,
      ...(certificate ? { secureContext: certificate.secureContext({ ca: [ca] }) } : { ca }),
    };
    request(url, options, async (message) => {
      let body = "";
      for await (const chunk of message) body += chunk;
      resolve({ status: message.statusCode ?? 0, body });
    })
      .on("error", reject)
      .end();
  });
}
