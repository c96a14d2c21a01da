import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RecordedRequest } from "../../../emulator/src/record/recorded-request.js";
import type { TlsServerOptions } from "../../../emulator/src/server/tls-server.js";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { createPopFetch, type PopFetchOptions } from "../../src/resource/pop-fetch.js";
import type { ConnectTunnel } from "../../src/transport/connect-tunnel.js";
import { sendControlRequest } from "../../src/transport/control-request.js";
import { Transport } from "../../src/transport/transport-options.js";
import { type AskedTunnel, type ConnectProxy, type ConnectProxyOptions, PROXY_NAME, startConnectProxy } from "./connect-proxy.js";
import { bindingCertificate, NAME, startControlServer } from "./control-servers.js";

const SECRET = "a-bound-token-that-no-proxy-may-see";
const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString("base64")}`;

let certificate: BindingCertificate;
let server: Awaited<ReturnType<typeof startControlServer>>;
const requests: RecordedRequest[] = [];
beforeAll(async () => {
  certificate = await bindingCertificate();
  server = await startControlServer({ record: (request) => void requests.push(request) });
});
beforeEach(() => {
  requests.length = 0;
  server.shown.length = 0;
});
afterAll(() => server.close());

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
async function proxied(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(options);
  closing.push(proxy.close);
  return proxy;
}
async function anotherServer(options: Partial<TlsServerOptions>) {
  const another = await startControlServer({ record: (request) => void requests.push(request), ...options });
  closing.push(another.close);
  return another;
}

/** A bound fetch of the server, whose token is there. */
function calling({ transport = {}, url = server.url, ...over }: Partial<PopFetchOptions> & { url?: URL } = {}) {
  const tokens = { acquireBoundToken: async () => ({ accessToken: SECRET, tokenType: "mtls_pop", bindingCertificate: certificate }) };
  const resources = { api: { baseUrl: url.origin, scope: "api://api/.default" } };
  const popFetch = createPopFetch({ tokens, resources, transport, ...over });
  closing.push(() => popFetch.close());
  return popFetch;
}
const connections = () => new Set(requests.map(({ connectionId }) => connectionId)).size;
const everything = ({ headers, sent }: AskedTunnel) => `${headers.join(" ")} ${Buffer.concat(sent).toString("latin1")}`;

describe("a bound call through a proxy", () => {
  it("HTTP-01 shows its certificate to the other end, and the proxy neither that nor the token", async () => {
    const proxy = await proxied();
    const popFetch = calling({ transport: proxy.transport() });
    expect((await popFetch(server.url)).status).toBe(200);
    expect(server.shown.map((der) => der && Buffer.from(der).toString("base64"))).toEqual([certificate.x5c[0]]);
    const [tunnel] = proxy.asked;
    expect(proxy.asked).toHaveLength(1);
    expect(tunnel?.target).toBe(server.url.host);
    expect(tunnel?.headers).toEqual(["Host", server.url.host, "Connection", "keep-alive"]);
    // nothing but TLS records: a handshake first
    expect(tunnel?.sent[0]?.[0]).toBe(22);
    expect(everything(tunnel as AskedTunnel)).not.toMatch(/mtls_pop|a-bound-token/);
    expect(everything(tunnel as AskedTunnel)).not.toContain(Buffer.from(certificate.x5c[0] ?? "", "base64").toString("latin1"));
  });

  it("shows the certificate to whoever is on the way in a first handshake of TLS 1.2, and the token not", async () => {
    const proxy = await proxied();
    const { url } = await anotherServer({ maxVersion: "TLSv1.2" });
    const popFetch = calling({ transport: proxy.transport(), url });
    expect((await popFetch(url)).status).toBe(200);
    const [tunnel] = proxy.asked;
    expect(everything(tunnel as AskedTunnel)).toContain(Buffer.from(certificate.x5c[0] ?? "", "base64").toString("latin1"));
    expect(everything(tunnel as AskedTunnel)).not.toMatch(/mtls_pop|a-bound-token/);
  });

  it("resolves the proxy's name, and leaves the other to the proxy", async () => {
    const proxy = await proxied();
    const popFetch = calling({ transport: proxy.transport() });
    await popFetch(server.url);
    expect(new Set(proxy.resolved)).toEqual(new Set([PROXY_NAME]));
  });

  it("hands the credentials of the URL to the proxy alone", async () => {
    const proxy = await proxied();
    const popFetch = calling({ transport: proxy.transport({ proxy: proxy.url("user:p%40ss@") }) });
    await popFetch(server.url);
    expect(proxy.asked[0]?.headers.slice(-2)).toEqual(["Proxy-Authorization", basic("user:p@ss")]);
    expect(Object.keys(requests[0]?.headers ?? {}).filter((name) => name.startsWith("proxy"))).toEqual([]);
  });

  it("goes through a proxy that is spoken to over TLS, and shows that one no certificate", async () => {
    const proxy = await proxied({ isTls: true });
    const popFetch = calling({ transport: proxy.transport() });
    expect((await popFetch(server.url)).status).toBe(200);
    expect(server.shown.every((der) => der !== undefined)).toBe(true);
    expect(proxy.asked.map(({ target }) => target)).toEqual([server.url.host]);
  });

  it.each([
    "HTTP/1.0 200 OK\r\n\r\n",
    "HTTP/1.1 299 \r\nContent-Length: 4\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
  ])("takes %j for an open tunnel", async (head) => {
    const proxy = await proxied({ head });
    const popFetch = calling({ transport: proxy.transport() });
    expect((await popFetch(server.url)).status).toBe(200);
  });

  it("keeps its connection for the next call", async () => {
    const proxy = await proxied();
    const popFetch = calling({ transport: proxy.transport() });
    for (let i = 0; i < 5; i++) await (await popFetch(server.url)).text();
    expect([proxy.asked.length, connections()]).toEqual([1, 1]);
    await popFetch.close();
    await expect.poll(proxy.open).toBe(0);
  });

  it("opens no more tunnels than maxConnectionsPerOrigin for a hundred calls at once", async () => {
    const proxy = await proxied();
    const popFetch = calling({ transport: proxy.transport(), maxConnectionsPerOrigin: 5 });
    const statuses = await Promise.all(Array.from({ length: 100 }, async () => (await popFetch(server.url)).status));
    expect(statuses).toEqual(Array.from({ length: 100 }, () => 200));
    expect([proxy.asked.length, proxy.mostOpen(), connections()]).toEqual([5, 5, 5]);
  });

  it("lets those that wait have their turn when tunnels fail", async () => {
    let left = 3;
    const proxy = await proxied({
      answer: (socket) => void (left-- > 0 ? socket.end("HTTP/1.1 503 Busy\r\n\r\n") : socket.end("HTTP/1.1 403 No\r\n\r\n")),
    });
    const popFetch = calling({ transport: proxy.transport(), maxConnectionsPerOrigin: 2 });
    const statuses = await Promise.all(Array.from({ length: 6 }, () => popFetch(server.url).catch(({ statusCode }) => statusCode)));
    expect(statuses.sort()).toEqual([403, 403, 403, 503, 503, 503]);
    expect(proxy.asked.length).toBe(6);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("resumes a %s session through another tunnel", async (version) => {
    const proxy = await proxied();
    const { url } = await anotherServer({ minVersion: version, maxVersion: version });
    const popFetch = calling({ transport: proxy.transport(), url });
    await (await popFetch(url)).text();
    // one of these takes the connection that is there
    await Promise.all([popFetch(url), popFetch(url)]);
    expect(proxy.asked.length).toBe(2);
    expect(requests.map(({ sessionReused }) => sessionReused).sort()).toEqual([false, false, true]);
  });

  it("CALL-01 shows its certificate when it is asked for by renegotiation", async () => {
    const proxy = await proxied();
    const { url } = await anotherServer({
      asksForCertificate: false,
      maxVersion: "TLSv1.2",
      handle: async ({ demandClientCertificate }) => ({
        status: 200,
        body: (await demandClientCertificate())?.toString("base64") ?? "none",
      }),
    });
    const popFetch = calling({ transport: proxy.transport(), url });
    expect(await (await popFetch(url)).text()).toBe(certificate.x5c[0]);
  });

  it("carries large bodies both ways", async () => {
    const proxy = await proxied();
    const { url } = await anotherServer({ handle: ({ body }) => ({ status: 200, body: Buffer.from(body) }) });
    const popFetch = calling({ transport: proxy.transport(), url });
    const body = Buffer.alloc(900_000, "large ");
    const response = await popFetch(url, { method: "POST", body });
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
  });
});

describe("a tunnel", () => {
  it("takes no more from the proxy than is read, and all of it in the end", async () => {
    const size = 32 * 1024 * 1024;
    const proxy = await proxied({
      answer: (socket) => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.once("data", () => socket.end(Buffer.alloc(size)));
      },
    });
    const tunnel = new Transport(proxy.transport()).tunnelTo({ host: NAME, port: 443 }) as ConnectTunnel;
    tunnel.write("begin");
    await once(tunnel, "readable");
    for (let turn = 0; turn < 500; turn++) await setImmediate();
    expect(tunnel.readableLength).toBeLessThan(1024 * 1024);
    let read = 0;
    for await (const chunk of tunnel) read += (chunk as Buffer).length;
    expect(read).toBe(size);
  });
});

describe("a way through a proxy that is given up", () => {
  const silent = () => proxied({ answer: () => {} });

  it.each(["the proxy's answer", "TLS"])("HTTP-06 ends at once while it waits for %s, and frees its socket", async (phase) => {
    const proxy = await (phase === "TLS" ? proxied({ answer: (socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\n") }) : silent());
    const popFetch = calling({ transport: proxy.transport({ connectTimeoutMs: 60_000 }) });
    const controller = new AbortController();
    const call = popFetch(server.url, { signal: controller.signal });
    const outcome = call.catch((error) => error);
    await expect.poll(() => proxy.asked.length).toBe(1);
    controller.abort(new Error("enough"));
    expect(await outcome).toMatchObject({ message: "enough" });
    await expect.poll(proxy.open).toBe(0);
  });

  it("ends a control request at once, and frees its socket", async () => {
    const proxy = await silent();
    const transport = new Transport(proxy.transport({ connectTimeoutMs: 60_000 }));
    const controller = new AbortController();
    const outcome = sendControlRequest(transport, { method: "GET", url: server.url, headers: {}, signal: controller.signal }).catch(
      (error) => error,
    );
    await expect.poll(() => proxy.asked.length).toBe(1);
    controller.abort(new Error("enough"));
    expect(await outcome).toMatchObject({ message: "enough" });
    await expect.poll(proxy.open).toBe(0);
  });

  it("is gone when it was never used for TLS", async () => {
    const proxy = await silent();
    const tunnel = new Transport(proxy.transport()).tunnelTo({ host: NAME, port: 443 });
    await expect.poll(() => proxy.asked.length).toBe(1);
    tunnel?.destroy();
    await expect.poll(proxy.open).toBe(0);
  });

  it("takes what TLS had to say with it", async () => {
    const proxy = await silent();
    const socket = new Transport(proxy.transport()).tunnelTo({ host: NAME, port: 443 })?.secure({ host: NAME }) as TLSSocket;
    socket.write("never sent");
    socket.destroy(new Error("enough"));
    const [error] = await once(socket, "error");
    expect(error).toMatchObject({ message: "enough" });
    await expect.poll(proxy.open).toBe(0);
  });
});

describe("a control request through a proxy", () => {
  it.each([true, false])("shows the other end its certificate, if it has one: %s", async (hasCertificate) => {
    const proxy = await proxied();
    const transport = new Transport(proxy.transport({ proxy: proxy.url("user:pass@") }));
    const request = { method: "POST", url: server.url, headers: { authorization: SECRET }, body: "grant_type=x" } as const;
    expect(await sendControlRequest(transport, { ...request, ...(hasCertificate && { certificate }) })).toMatchObject({
      status: 200,
      body: "fine",
    });
    expect(server.shown.map((der) => der !== undefined)).toEqual([hasCertificate]);
    expect(requests[0]).toMatchObject({ method: "POST", headers: expect.objectContaining({ host: server.url.host }) });
    expect(proxy.asked[0]?.headers).toEqual([
      "Host",
      server.url.host,
      "Connection",
      "keep-alive",
      "Proxy-Authorization",
      basic("user:pass"),
    ]);
    expect(everything(proxy.asked[0] as AskedTunnel)).not.toContain("grant_type");
    await expect.poll(proxy.open).toBe(0);
  });

  it("checks the certificate of the other end, by its name and its address", async () => {
    const proxy = await proxied();
    const transport = new Transport(proxy.transport());
    for (const host of ["another.example", "10.0.0.1", "[2001:db8::1]"]) {
      const url = new URL(`https://${host}:${server.port}/`);
      await expect(sendControlRequest(transport, { method: "GET", url, headers: {}, certificate })).rejects.toMatchObject({
        code: expect.stringMatching(/tls_handshake_failed|network_error/),
      });
      expect(proxy.asked.at(-1)?.target).toBe(`${host}:${server.port}`);
    }
    expect(requests).toEqual([]);
  });

  it("goes past it to loopback, and wherever it is plain http", async () => {
    const proxy = await proxied();
    const { url } = await anotherServer({ answersTo: () => true });
    const transport = new Transport({ ...proxy.transport(), lookup: undefined } as never);
    expect(
      await sendControlRequest(transport, { method: "GET", url: new URL(`https://localhost:${url.port}/`), headers: {} }),
    ).toMatchObject({ status: 200 });
    await expect(
      sendControlRequest(transport, { method: "GET", url: new URL(`http://${NAME}:${url.port}/`), headers: {} }),
    ).rejects.toMatchObject({ code: "network_error", message: expect.stringContaining("ENOTFOUND") });
    expect(proxy.asked).toEqual([]);
  });
});
