import { once } from "node:events";
import { createServer } from "node:net";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../../../emulator/src/pki/certificate-authority.js";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import type { MtlsPopError } from "../../src/errors.js";
import { createPopFetch } from "../../src/resource/pop-fetch.js";
import { sendControlRequest } from "../../src/transport/control-request.js";
import { Transport, type TransportOptions } from "../../src/transport/transport-options.js";
import { authority, refusal } from "../certificate/authority.js";
import { type ConnectProxy, type ConnectProxyOptions, startConnectProxy } from "./connect-proxy.js";
import { bindingCertificate, NAME, startControlServer } from "./control-servers.js";

const correlationId = "c0ffee00-0000-4000-8000-000000000000";
const CREDENTIALS = "user:hunter2@";

let certificate: BindingCertificate;
let server: Awaited<ReturnType<typeof startControlServer>>;
beforeAll(async () => {
  certificate = await bindingCertificate();
  server = await startControlServer();
});
afterAll(() => server.close());

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
async function proxied(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(options);
  closing.push(proxy.close);
  return proxy;
}
/** A proxy that says this to whoever asks for a tunnel, byte for byte. */
const saying = (answer: string, options: ConnectProxyOptions = {}) =>
  proxied({ ...options, answer: (socket) => void socket.write(answer) });

/** What a control request is refused with, and what a bound call is; no error of theirs may print the credentials. */
async function refusals(transport: TransportOptions): Promise<MtlsPopError[]> {
  const request = { method: "GET", url: server.url, headers: {}, certificate, correlationId } as const;
  const tokens = { acquireBoundToken: async () => ({ accessToken: "token", tokenType: "mtls_pop", bindingCertificate: certificate }) };
  await using popFetch = createPopFetch({ tokens, resources: { api: { baseUrl: server.url.origin, scope: "x" } }, transport });
  const errors = [await refusal(sendControlRequest(new Transport(transport), request)), await refusal(popFetch(server.url))];
  for (const error of errors) {
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/hunter2|dXNlcjpodW50ZXIy/);
    expect(JSON.stringify(error)).not.toMatch(/hunter2|dXNlcjpodW50ZXIy/);
  }
  expect(errors[0]).toMatchObject({ correlationId });
  return errors;
}

describe("a proxy that opens no tunnel", () => {
  it.each([
    ["403 Forbidden", false, "allow CONNECT"],
    ["400 Bad Request", false, "allow CONNECT"],
    ["302 Found\r\nLocation: https://portal.example", false, "allow CONNECT"],
    ["101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x", false, "allow CONNECT"],
    ["502 Bad Gateway", true, "Check that the proxy reaches this host"],
    ["503 Service Unavailable", true, "Check that the proxy reaches this host"],
    ["504 Gateway Timeout", true, "Check that the proxy reaches this host"],
  ])("is told with its answer %j", async (status, retryable, help) => {
    const proxy = await saying(`HTTP/1.1 ${status}\r\nContent-Length: 100000\r\n\r\nmore to come`);
    for (const error of await refusals(proxy.transport({ proxy: proxy.url(CREDENTIALS) }))) {
      expect(error).toMatchObject({ code: "proxy_refused", kind: "client", retryable, statusCode: Number(status.slice(0, 3)) });
      expect(error.message).toContain(
        `The proxy ${proxy.authority} opened no tunnel to ${server.url.host}: HTTP/1.1 ${status.split("\r\n")[0]}.`,
      );
      expect(error.help).toContain(help);
    }
    await expect.poll(proxy.open).toBe(0);
  });

  it.each([
    ["", "", "wants credentials, and its URL has none", "http://user:password@proxy.test:"],
    ["", 'Basic realm="it, wants=this", Digest x="y"', "wants credentials, and its URL has none", "http://user:password@proxy.test:"],
    [CREDENTIALS, 'Negotiate, basic realm="x"', "did not accept the credentials of its URL", "Check user and password"],
    [CREDENTIALS, "Negotiate, NTLM", "did not accept the credentials of its URL", "It offers Negotiate, NTLM; only Basic is supported."],
    ["", 'Digest realm="x", nonce="y"', "wants credentials", "It offers Digest; only Basic is supported."],
  ])("that wants credentials (given %j) and offers %j says so", async (credentials, challenge, words, help) => {
    const proxy = await saying(`HTTP/1.1 407 Proxy Authentication Required\r\n${challenge && `Proxy-Authenticate: ${challenge}\r\n`}\r\n`);
    for (const error of await refusals(proxy.transport({ proxy: proxy.url(credentials) }))) {
      expect(error).toMatchObject({ code: "proxy_refused", retryable: false, statusCode: 407, help: expect.stringContaining(help) });
      expect(error.message).toContain(`The proxy ${proxy.authority} ${words}`);
      expect(error.message).toContain("HTTP/1.1 407 Proxy Authentication Required.");
    }
  });

  it("is quoted without control characters, and not at length", async () => {
    const proxy = await saying(`HTTP/1.1 403 ${"\u009b31m".repeat(3)}${"x".repeat(5000)}\r\n\r\n`);
    for (const { message } of await refusals(proxy.transport())) {
      expect(message).not.toMatch(/[^\x20-\x7e]/);
      expect(message.length).toBeLessThan(500);
    }
  });
});

describe("a proxy that cannot be spoken to", () => {
  it("that is not there is told by its own name, and what named it", async () => {
    const gone = createServer().listen(0, "127.0.0.1");
    await once(gone, "listening");
    const address = gone.address();
    const port = typeof address === "object" ? address?.port : 0;
    await new Promise((resolve) => gone.close(resolve));
    const proxy = await proxied();
    for (const error of await refusals(proxy.transport({ proxy: `http://${CREDENTIALS}proxy.test:${port}` }))) {
      expect(error).toMatchObject({ code: "network_error", retryable: true, help: expect.stringContaining("Check `transport.proxy`") });
      expect(error.message).toMatch(new RegExp(`^The connection to the proxy proxy\\.test:${port} failed: .*ECONNREFUSED`));
      expect(error.message).not.toContain(NAME);
    }
  });

  it("that has an unknown name is told by that", async () => {
    const proxy = await proxied();
    for (const { code, message } of await refusals(proxy.transport({ proxy: `http://${CREDENTIALS}nowhere.test:3128` }))) {
      expect([code, message]).toEqual([
        "network_error",
        expect.stringMatching(/^The connection to the proxy nowhere\.test:3128 failed: .*ENOTFOUND/),
      ]);
    }
  });

  it("that closes without an answer is told", async () => {
    const proxy = await proxied({ answer: (socket) => void socket.destroy() });
    for (const error of await refusals(proxy.transport({ proxy: proxy.url(CREDENTIALS) }))) {
      expect(error).toMatchObject({ code: "network_error", retryable: true });
      expect(error.message).toContain(`The connection to the proxy ${proxy.authority} failed: socket hang up (ECONNRESET).`);
    }
  });

  it.each([
    ["garbage", "SSH-2.0-OpenSSH_9.2p1\r\n"],
    ["an endless head", `HTTP/1.1 200 OK\r\n${`X-More: ${"x".repeat(1000)}\r\n`.repeat(20)}`],
    ["an endless status line", `HTTP/1.1 200 ${"x".repeat(20_000)}`],
  ])("that answers with %s is no proxy", async (_what, answer) => {
    const proxy = await saying(answer);
    for (const error of await refusals(proxy.transport({ proxy: proxy.url(CREDENTIALS) }))) {
      expect(error).toMatchObject({ code: "network_error", retryable: false, help: expect.stringContaining("named with https://") });
      expect(error.message).toContain(`What answered at ${proxy.authority} is no HTTP proxy`);
    }
    await expect.poll(proxy.open).toBe(0);
  });

  it("that echoes what it was sent does not bring the credentials into the error", async () => {
    const proxy = await proxied({ answer: (socket, { headers }) => void socket.write(headers.join("\r\n")) });
    for (const { code, cause } of await refusals(proxy.transport({ proxy: proxy.url(CREDENTIALS) }))) {
      expect([code, Object.keys(Object(cause))]).toEqual(["network_error", ["code"]]);
    }
  });

  it.each(["", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\nX-Drip: "])("that hangs after %j is a time-out of its own", async (begun) => {
    const proxy = await saying(begun || "");
    for (const error of await refusals(proxy.transport({ proxy: proxy.url(CREDENTIALS), connectTimeoutMs: 150 }))) {
      expect(error).toMatchObject({ code: "timeout", retryable: true, help: expect.stringContaining("`transport.connectTimeoutMs`") });
      expect(error.message).toContain(`The proxy ${proxy.authority} opened no tunnel to ${server.url.host} within 150 ms.`);
    }
    await expect.poll(proxy.open).toBe(0);
  });

  it("whose other end hangs in TLS is a time-out of that end", async () => {
    const proxy = await saying("HTTP/1.1 200 OK\r\n\r\n");
    for (const { code, message } of await refusals(proxy.transport({ connectTimeoutMs: 1000 }))) {
      expect([code, message]).toEqual([
        "timeout",
        expect.stringContaining(`${server.url.host} did not complete a TLS connection within 1000 ms.`),
      ]);
    }
  });

  it("that speaks into the tunnel is refused before TLS begins", async () => {
    const proxy = await saying("HTTP/1.1 200 OK\r\n\r\nHello");
    for (const error of await refusals(proxy.transport())) {
      expect(error).toMatchObject({ code: "network_error", retryable: false });
      expect(error.message).toContain(`The proxy ${proxy.authority} sent bytes of its own into the tunnel to ${server.url.host}.`);
    }
    await expect.poll(proxy.open).toBe(0);
  });

  it("that closes an open tunnel before TLS is there is a lost connection", async () => {
    const proxy = await proxied({ answer: (socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\n") });
    for (const { code, retryable } of await refusals(proxy.transport())) expect([code, retryable]).toEqual(["network_error", true]);
  });
});

describe("TLS and a proxy", () => {
  it("one that inspects it, with a certificate of its own, is told as such", async () => {
    const inspecting = await startControlServer({ ca: await CertificateAuthority.create() });
    closing.push(inspecting.close);
    const proxy = await proxied({ port: inspecting.port });
    for (const error of await refusals(proxy.transport())) {
      expect(error).toMatchObject({
        code: "tls_handshake_failed",
        help: expect.stringContaining("if a proxy inspects TLS, exempt this host"),
      });
      expect(error.message).toContain(`The certificate of ${server.url.host} is not trusted`);
    }
    expect(inspecting.shown).toEqual([]);
  });

  it("one that is spoken to over TLS has to be trusted, and has to have its name", async () => {
    const proxy = await proxied({ isTls: true });
    const other = await CertificateAuthority.create();
    for (const [ca, url] of [
      [other.rootPem, proxy.url(CREDENTIALS)],
      [authority.rootPem, `https://${CREDENTIALS}nowhere.test:${proxy.port}`],
    ] as const) {
      for (const error of await refusals(proxy.transport({ ca, proxy: url, lookup: toLoopback }))) {
        expect(error).toMatchObject({ code: "tls_handshake_failed", retryable: false });
        expect(error.message).toContain(`The certificate of the proxy ${new URL(url).host} is not trusted`);
      }
    }
    expect(proxy.asked).toEqual([]);
  });

  it("one that is named with https and speaks plain HTTP is told apart", async () => {
    const proxy = await proxied();
    for (const error of await refusals(proxy.transport({ proxy: `https://${CREDENTIALS}${proxy.authority}` }))) {
      expect(error).toMatchObject({ code: "tls_handshake_failed", help: expect.stringContaining("Name it with http://") });
      expect(error.message).toContain(`The proxy ${proxy.authority} did not complete TLS`);
    }
  });

  it("one that is named with http and speaks TLS is told apart", async () => {
    const proxy = await proxied({ isTls: true });
    for (const error of await refusals(proxy.transport({ proxy: `http://${CREDENTIALS}${proxy.authority}` }))) {
      expect(error).toMatchObject({ code: "network_error" });
      expect(error.message).toContain(`${proxy.authority}`);
    }
  });
});

const toLoopback: NonNullable<TransportOptions["lookup"]> = (_name, { all }, done) =>
  void process.nextTick(() => (all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)));
