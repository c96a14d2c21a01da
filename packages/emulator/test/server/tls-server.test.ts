import { connect as connectPlain } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../../src/pki/certificate-authority.js";
import type { IssuedCertificate } from "../../src/pki/issued-certificate.js";
import type { TlsServerOptions } from "../../src/server/tls-server.js";
import { type ClientAnswer, type ClientRequest, httpsClient } from "./https-client.js";
import { type StartedServer, startServer } from "./start-server.js";
import { handshakeMessages, listenInBetween } from "./tls-wire.js";

let ca: CertificateAuthority;
let client: IssuedCertificate;
beforeAll(async () => {
  ca = await CertificateAuthority.create();
  client = await ca.issueCertificate({ keyType: "EC-P256" });
});

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(options: Partial<TlsServerOptions> = {}): Promise<StartedServer> {
  const server = await startServer({ ca, ...options });
  closers.push(() => server.close());
  return server;
}

function clientOf(
  server: StartedServer,
  options: ConnectionOptions = {},
): (path: string, request?: ClientRequest) => Promise<ClientAnswer> {
  const agent = httpsClient({ ca: ca.rootPem, ...options });
  closers.push(agent.close);
  return (path, request) => agent.get(`https://one.example:${server.port}${path}`, request);
}

const identity = () => ({ cert: client.chainPem, key: client.privateKeyPem });

describe("names", () => {
  it("shows a certificate of the name that was asked for, which the root vouches for", async () => {
    const server = await serve();
    const agent = httpsClient({ ca: ca.rootPem, maxSockets: 2 });
    closers.push(agent.close);
    expect((await agent.get(`https://one.example:${server.port}/`)).status).toBe(200);
    expect((await agent.get(`https://two.example:${server.port}/`)).status).toBe(200);
    expect(server.requests.map(({ host }) => host)).toEqual(["one.example", "two.example"]);
  });

  it("cuts a connection to a name that it does not answer as", async () => {
    const server = await serve();
    const agent = httpsClient({ ca: ca.rootPem });
    closers.push(agent.close);
    await expect(agent.get(`https://one.elsewhere:${server.port}/`)).rejects.toThrow();
    expect(server.requests).toEqual([]);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("cuts a resumed %s connection to a name that has gone down since", async (version) => {
    let up = true;
    const server = await serve({ answersTo: () => up, maxVersion: version });
    const session = await sessionOf(server.port, version);
    up = false;
    await expect(sessionOf(server.port, version, session)).rejects.toThrow();
  });

  it("answers 421 to a host that is not the one of the handshake", async () => {
    const server = await serve();
    expect((await clientOf(server, { servername: "one.example" })("/", { headers: { host: "two.example" } })).status).toBe(421);
  });
});

describe("the record", () => {
  it("holds what arrived", async () => {
    const server = await serve();
    const body = "scope=a%20b&token_type=mtls_pop";
    const headers = { "content-type": "application/x-www-form-urlencoded", "x-mine": "1" };
    await clientOf(server, identity())("/a//b?c=d%20e", { method: "POST", headers, body });
    expect(server.requests).toMatchObject([
      {
        server: "custom-api",
        method: "POST",
        host: "one.example",
        path: "/a//b",
        query: { c: "d e" },
        headers: { "x-mine": "1" },
        form: { scope: "a b", token_type: "mtls_pop" },
        body: Buffer.from(body),
        clientCertificate: client.certificateDer,
        tlsProtocol: "TLSv1.3",
        sessionReused: false,
        status: 200,
      },
    ]);
  });

  it("has no certificate where none was shown, and no body where none came", async () => {
    const server = await serve();
    await clientOf(server)("/");
    expect(server.requests[0]).not.toHaveProperty("clientCertificate");
    expect(server.requests[0]).not.toHaveProperty("body");
  });

  it("gives requests of one connection one id, and of two connections two", async () => {
    const server = await serve();
    const [one, two] = [clientOf(server), clientOf(server)];
    await one("/1");
    await one("/2");
    await two("/3");
    const [first, second, third] = server.requests.map(({ connectionId }) => connectionId);
    expect(first).toBe(second);
    expect(third).not.toBe(first);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("tells a resumed %s session, which keeps its certificate", async (maxVersion) => {
    const server = await serve({ maxVersion });
    const get = clientOf(server, { ...identity(), maxVersion });
    await get("/1", { headers: { connection: "close" } });
    await get("/2", { headers: { connection: "close" } });
    expect(server.requests.map(({ sessionReused }) => sessionReused)).toEqual([false, true]);
    expect(server.requests[1]?.clientCertificate).toEqual(client.certificateDer);
    expect(server.requests[1]?.tlsProtocol).toBe(maxVersion);
  });

  it("names no acceptable authorities when it asks for a certificate", async () => {
    const server = await serve({ maxVersion: "TLSv1.2" });
    const proxy = await listenInBetween(server.port);
    closers.push(proxy.close);
    await sessionOf(proxy.port, "TLSv1.2");
    // CertificateRequest ends with the list of authorities and its length (RFC 5246 section 7.4.4)
    const certificateRequest = handshakeMessages(proxy.fromServer()).find(({ type }) => type === 13);
    expect(certificateRequest?.content.subarray(-2)).toEqual(Buffer.from([0, 0]));
  });
});

describe("a certificate by renegotiation", () => {
  const onDemand: Partial<TlsServerOptions> = {
    asksForCertificate: false,
    handle: async ({ demandClientCertificate }) => ({ status: (await demandClientCertificate()) ? 200 : 401 }),
  };

  it("is asked for after the body was read, once a connection", async () => {
    const server = await serve(onDemand);
    const agent = httpsClient({ ca: ca.rootPem, ...identity(), maxVersion: "TLSv1.2" });
    closers.push(agent.close);
    for (const path of ["/1", "/2", "/3", "/4", "/5", "/6"]) {
      const answer = await agent.get(`https://one.example:${server.port}${path}`, { method: "POST", body: "x".repeat(100_000) });
      expect(answer.status).toBe(200);
    }
    expect(agent.handshakes()).toBe(2);
    expect(new Set(server.requests.map(({ connectionId }) => connectionId)).size).toBe(1);
    expect(server.requests.every(({ clientCertificate }) => clientCertificate?.equals(client.certificateDer))).toBe(true);
  });

  it("is asked for once of a client that has none, so that the connection outlives many requests", async () => {
    const server = await serve(onDemand);
    const get = clientOf(server, { maxVersion: "TLSv1.2" });
    for (const path of ["/1", "/2", "/3", "/4", "/5", "/6"]) expect((await get(path)).status).toBe(401);
    expect(new Set(server.requests.map(({ connectionId }) => connectionId)).size).toBe(1);
  });

  it("cannot be had over TLS 1.3", async () => {
    const server = await serve(onDemand);
    expect((await clientOf(server, identity())("/")).status).toBe(401);
    expect(server.requests[0]?.tlsProtocol).toBe("TLSv1.3");
  });

  it("comes with a session that the client resumes after it", async () => {
    const server = await serve(onDemand);
    const get = clientOf(server, { ...identity(), maxVersion: "TLSv1.2" });
    expect((await get("/1", { headers: { connection: "close" } })).status).toBe(200);
    expect((await get("/2", { headers: { connection: "close" } })).status).toBe(200);
  });
});

describe("faults", () => {
  it("answers them in the server's own words, once each", async () => {
    const server = await serve();
    const get = clientOf(server);
    server.faults.push(
      { on: "custom-api", kind: "throttle", retryAfterSeconds: 7 },
      { on: "custom-api", kind: "unavailable" },
      { on: "custom-api", kind: "revoked-certificate" },
      { on: "custom-api", kind: "latency", delayMs: 1 },
    );
    const throttled = await get("/");
    expect([throttled.status, throttled.headers["retry-after"]]).toEqual([429, "7"]);
    expect((await get("/")).status).toBe(503);
    expect((await get("/")).body.toString()).toBe("revoked");
    expect((await get("/")).body.toString()).toBe("fine");
    expect(server.requests.map(({ status }) => status)).toEqual([429, 503, 401, 200]);
  });

  it("sends what is no JSON although it says so", async () => {
    const server = await serve();
    server.faults.push({ on: "custom-api", kind: "bad-json" });
    const answer = await clientOf(server)("/");
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.json).toThrow(SyntaxError);
  });

  it("resets the connection and leaves the record without a status", async () => {
    const server = await serve();
    server.faults.push({ on: "custom-api", kind: "reset" });
    await expect(clientOf(server)("/")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(server.requests[0]).not.toHaveProperty("status");
  });

  it("never answers a hanging request, and tells when the client has gone", async () => {
    const server = await serve();
    server.faults.push({ on: "custom-api", kind: "hang" });
    const abort = new AbortController();
    const answer = clientOf(server)("/", { signal: abort.signal });
    while (server.requests.length === 0) await new Promise(setImmediate);
    abort.abort();
    await expect(answer).rejects.toThrow();
    await server.connectionClosed(server.requests[0]?.connectionId ?? 0);
    expect(server.requests[0]).not.toHaveProperty("status");
  });

  it("answers 500 with what was thrown when a handler fails", async () => {
    const server = await serve({ handle: () => Promise.reject(new Error("a mistake in here")) });
    const { status, body } = await clientOf(server)("/");
    expect(status).toBe(500);
    expect(body.toString()).toContain("a mistake in here");
  });
});

describe("versions", () => {
  it("can be a server of before TLS 1.2, which a client of today refuses", async () => {
    const server = await serve({ minVersion: "TLSv1.1", maxVersion: "TLSv1.1" });
    await expect(clientOf(server)("/")).rejects.toThrow(/protocol/i);
    const old = clientOf(server, { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" });
    expect((await old("/")).status).toBe(200);
    expect(server.requests[0]?.tlsProtocol).toBe("TLSv1.1");
  });
});

describe("close", () => {
  it("ends idle, hanging and half-open connections, and a wait", async () => {
    const server = await startServer({ ca });
    const idle = clientOf(server);
    await idle("/");
    server.faults.push({ on: "custom-api", kind: "hang" }, { on: "custom-api", kind: "latency", delayMs: 3_600_000 });
    const pending = [clientOf(server)("/hang"), clientOf(server)("/late")].map((answer) => expect(answer).rejects.toThrow());
    const silent = connectTcp(server.port);
    while (server.requests.length < 3) await new Promise(setImmediate);
    await server.close();
    await Promise.all(pending);
    await silent;
    await expect(clientOf(server)("/")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

/** Resolves when the server has ended a connection that never said a word. */
async function connectTcp(port: number): Promise<void> {
  const socket = connectPlain(port, "127.0.0.1").resume();
  await new Promise<void>((resolve) => socket.on("error", () => undefined).on("close", () => resolve()));
}

/** Shakes hands, sends one request, and returns the session to resume from. */
function sessionOf(port: number, maxVersion: "TLSv1.2" | "TLSv1.3", session?: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let last: Buffer | undefined;
    const options = { host: "127.0.0.1", port, servername: "one.example", ca: ca.rootPem, maxVersion, ...(session ? { session } : {}) };
    const socket: TLSSocket = connect(options, () => socket.write("GET / HTTP/1.1\r\nHost: one.example\r\nConnection: close\r\n\r\n"));
    let text = "";
    socket.on("session", (given) => {
      last = given;
    });
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", reject);
    socket.on("close", () => (text.startsWith("HTTP/1.1 200") && last ? resolve(last) : reject(new Error("Cut without an answer."))));
  });
}
