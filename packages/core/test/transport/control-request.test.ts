import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { type ControlRequest, sendControlRequest } from "../../src/transport/control-request.js";
import { authority, type IssuedCertificate, issue } from "../certificate/authority.js";
import { NAME, startControlServer, startHttpServer, startRawServer, transportTo } from "./control-servers.js";

const correlationId = "c0ffee00-0000-4000-8000-000000000000";
let issued: IssuedCertificate;
let certificate: BindingCertificate;
beforeAll(async () => {
  issued = await issue();
  certificate = await BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem });
});

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
function started<T extends { close(): Promise<void> }>(server: T): T {
  closing.push(() => server.close());
  return server;
}

const get = (url: URL, over: Partial<ControlRequest> = {}, transport = transportTo()) =>
  sendControlRequest(transport, { method: "GET", url, headers: {}, correlationId, ...over });

describe("a control request over TLS", () => {
  it("shows the certificate, and none where none was given", async () => {
    const server = started(await startControlServer());
    expect(await get(server.url, { certificate })).toMatchObject({ status: 200, body: "fine" });
    expect(await get(server.url)).toMatchObject({ status: 200 });
    expect(server.shown).toEqual([issued.certificateDer, undefined]);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("PLAT-03 speaks %s", async (version) => {
    const server = started(await startControlServer({ minVersion: version, maxVersion: version }));
    expect(await get(server.url, { certificate })).toMatchObject({ status: 200 });
    expect(server.shown).toEqual([issued.certificateDer]);
  });

  it("HTTP-01 refuses a server that speaks TLS 1.1 at most, with a certificate and without", async () => {
    const server = started(await startControlServer({ minVersion: "TLSv1", maxVersion: "TLSv1.1" }));
    for (const over of [{ certificate }, {}]) {
      await expect(get(server.url, over)).rejects.toMatchObject({
        code: "tls_handshake_failed",
        help: expect.stringContaining("TLS 1.2 or 1.3"),
        correlationId,
      });
    }
    expect(server.shown).toEqual([]);
  });

  it("refuses a server whose CA it does not know, and says where to put that CA", async () => {
    const server = started(await startControlServer());
    const other = await (await import("../../../emulator/src/pki/certificate-authority.js")).CertificateAuthority.create();
    for (const over of [{ certificate }, {}]) {
      await expect(get(server.url, over, transportTo({ ca: other.rootPem }))).rejects.toMatchObject({
        code: "tls_handshake_failed",
        message: expect.stringContaining(`The certificate of ${server.url.host} is not trusted`),
        help: expect.stringContaining("`transport.ca`"),
      });
    }
    expect(server.shown).toEqual([]);
  });

  it("refuses a server with the certificate of another host", async () => {
    const { cert, key } = await authority.serverCredentials("another.example");
    const server = createServer({ cert, key });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    const address = server.address();
    const url = new URL(`https://${NAME}:${typeof address === "object" ? address?.port : 0}/`);
    await expect(get(url, { certificate })).rejects.toMatchObject({
      code: "tls_handshake_failed",
      message: expect.stringMatching(/not trusted: .*control\.example.*ERR_TLS_CERT_ALTNAME_INVALID/),
      retryable: false,
    });
  });

  it("tells a TLS 1.3 server's refusal that arrives after the handshake, at the first read", async () => {
    const { cert, key } = await authority.serverCredentials(NAME);
    // with a certificate required, OpenSSL sends its alert when the client has long finished its handshake
    const server = createServer({ cert, key, minVersion: "TLSv1.3", requestCert: true, rejectUnauthorized: true });
    const sockets = new Set<Socket | TLSSocket>();
    server.on("connection", (socket: Socket) => sockets.add(socket));
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(
      () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          for (const socket of sockets) socket.destroy();
        }),
    );
    const address = server.address();
    const url = new URL(`https://${NAME}:${typeof address === "object" ? address?.port : 0}/`);
    await expect(get(url)).rejects.toMatchObject({
      code: "tls_handshake_failed",
      message: expect.stringMatching(/ended the TLS handshake: .*certificate required/i),
      help: expect.stringContaining("client certificate"),
    });
  });

  it("sends a certificate over https only", async () => {
    const server = started(await startRawServer(() => {}));
    await expect(get(server.url("http"), { certificate })).rejects.toMatchObject({ code: "insecure_url", correlationId });
    expect(server.open()).toBe(0);
  });
});

describe("an answer", () => {
  it("is handed on when it is a redirect, which is not followed", async () => {
    const seen: string[] = [];
    const server = started(
      await startHttpServer(({ url }) => {
        seen.push(url.pathname);
        return { status: 307, headers: { location: "/elsewhere" } };
      }),
    );
    const url = new URL(server.url);
    expect(await get(url)).toMatchObject({ status: 307, headers: { location: "/elsewhere" } });
    expect(seen).toEqual(["/"]);
  });

  it("is read up to 1 MiB and refused beyond", async () => {
    const body = "x".repeat(1024 * 1024);
    const server = started(await startHttpServer(({ url }) => ({ status: 200, body: url.pathname === "/more" ? `${body}x` : body })));
    expect((await get(new URL(server.url))).body).toHaveLength(body.length);
    await expect(get(new URL("/more", server.url))).rejects.toMatchObject({
      code: "invalid_token_response",
      message: expect.stringContaining("1048576 bytes"),
      correlationId,
    });
  });

  it.each([
    ["garbage", "SSH-2.0-OpenSSH_9.6\r\n", /no proper HTTP/],
    ["a head that never ends", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(100_000)}`, /no proper HTTP/],
    ["a body that breaks off", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", /network reaches/],
    ["chunks of no size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", /no proper HTTP/],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc", /no proper HTTP/],
    ["hints and no answer", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000), /network reaches/],
    ["another protocol", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", /no proper HTTP/],
    ["nothing", "", /network reaches/],
  ])("is refused when it is %s", async (_, answer, help) => {
    const server = started(await startRawServer((socket) => socket.once("data", () => socket.end(answer))));
    await expect(get(server.url("http"))).rejects.toMatchObject({
      code: "network_error",
      retryable: help.source === "network reaches",
      help: expect.stringMatching(help),
      correlationId,
    });
  });

  it("is refused when it is plain HTTP where TLS was expected", async () => {
    const server = started(await startRawServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    await expect(get(server.url("https"), { certificate })).rejects.toMatchObject({ code: "tls_handshake_failed" });
  });
});

describe("time", () => {
  it.each([
    ["connect", "https", () => {}],
    ["headers", "http", () => {}],
    ["body", "http", (socket: Socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")],
    // every octet would start a clock anew that counted pauses
    ["headers", "http", (socket: Socket) => drip(socket, "HTTP/1.1 200 OK\r\n", "a: b\r\n")],
    ["body", "http", (socket: Socket) => drip(socket, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n")],
  ] as const)("runs out while the %s is waited for, and the socket is freed", async (phase, protocol, answer) => {
    const server = started(await startRawServer((socket) => socket.once("data", () => answer(socket))));
    const transport = transportTo({ [`${phase}TimeoutMs`]: 60 });
    await expect(get(server.url(protocol), {}, transport)).rejects.toMatchObject({
      code: "timeout",
      retryable: true,
      message: expect.stringContaining("within 60 ms"),
      help: expect.stringContaining(`transport.${phase}TimeoutMs`),
      correlationId,
    });
    await expect.poll(() => server.open()).toBe(0);
  });

  it("runs out for a look-up that never answers", async () => {
    const transport = transportTo({ lookup: () => {}, connectTimeoutMs: 60 });
    await expect(get(new URL(`https://${NAME}/`), { certificate }, transport)).rejects.toMatchObject({ code: "timeout" });
  });

  it("runs out sooner for a request that says so", async () => {
    const transport = transportTo({ lookup: () => {} });
    await expect(get(new URL(`https://${NAME}/`), { connectTimeoutMs: 60 }, transport)).rejects.toMatchObject({
      code: "timeout",
      message: expect.stringContaining("60 ms"),
    });
  });
});

describe("a caller who leaves", () => {
  it.each([
    ["before the connection stands", "https", undefined],
    ["while the answer is waited for", "http", undefined],
    ["while the answer is read", "http", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"],
  ] as const)("%s gets the signal's reason, and the socket is freed", async (_, protocol, answer) => {
    const controller = new AbortController();
    const arrived = deferred();
    const server = started(
      await startRawServer((socket) =>
        socket.once("data", () => {
          if (answer) socket.write(answer, () => arrived.resolve(undefined));
          else arrived.resolve(undefined);
        }),
      ),
    );
    const wait = get(server.url(protocol), { signal: controller.signal });
    await arrived.promise;
    controller.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
    await expect.poll(() => server.open()).toBe(0);
  });

  it("before it began, opens no socket", async () => {
    const server = started(await startRawServer(() => {}));
    await expect(get(server.url("http"), { signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
    expect(server.open()).toBe(0);
  });
});

describe("a look-up of one's own", () => {
  it.each([
    [
      "throws",
      () => {
        throw new Error("no resolver");
      },
    ],
    ["fails", (_name: string, _options: unknown, done: (error: Error) => void) => done(new Error("no resolver"))],
    ["gives no address", (_name: string, _options: unknown, done: (error: null, address: string) => void) => done(null, "nowhere")],
  ])("that %s is a network error", async (_, lookup) => {
    await expect(get(new URL(`https://${NAME}/`), { certificate }, transportTo({ lookup: lookup as never }))).rejects.toMatchObject({
      code: "network_error",
      correlationId,
    });
  });
});

function deferred() {
  let resolve: (value: undefined) => void = () => {};
  const promise = new Promise<undefined>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function drip(socket: Socket, head: string, piece: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write(piece), 5);
  socket.once("close", () => clearInterval(timer));
}
