import { once } from "node:events";
import { createSecureServer, connect as http2Connect } from "node:http2";
import { connect, type SecureVersion, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listenOnLoopback } from "../../../packages/emulator/src/server/loopback-server.js";
import { documentSection, markdownTable } from "../../document.js";
import type { GuardedUpstream } from "../guarded-upstream.js";
import { type RealServers, startRealServers } from "../real-servers.js";
import { HOST, type Surroundings, surroundings } from "../surroundings.js";

interface Row {
  readonly server: string;
  readonly at: (servers: RealServers) => { readonly url: string; readonly upstream: GuardedUpstream };
  readonly tls: "TLSv1.2" | "TLSv1.3";
}

const SERVERS = [
  { server: "nginx", at: ({ nginx }: RealServers) => ({ url: nginx.server.urls.on, upstream: nginx.upstream }) },
  { server: "HAProxy", at: ({ haproxy }: RealServers) => ({ url: haproxy.server.urls.required, upstream: haproxy.upstream }) },
];
const ROWS: readonly Row[] = SERVERS.flatMap((server) => [
  { ...server, tls: "TLSv1.2" },
  { ...server, tls: "TLSv1.3" },
]);

let around: Surroundings;
let servers: RealServers;
const found: string[][] = [];

beforeAll(async () => {
  around = await surroundings();
  servers = await startRealServers(around);
});
afterAll(async () => {
  await servers?.close();
  await around?.close();
});

describe("a server that speaks HTTP/2", () => {
  it.each(ROWS)("agrees with core on HTTP/1.1 by ALPN: $server over $tls", async ({ server, tls, at }) => {
    const { url, upstream } = at(servers);
    upstream.arrivals.length = 0;
    const socket = await connection(url, tls);
    expect(socket.alpnProtocol).toBe("h2");
    expect(await statusOverHttp2(url, socket)).toBe(200);
    await using popFetch = around.popFetch(url, { tls: { maxVersion: tls } });
    expect((await popFetch(`${url}/orders`)).status).toBe(200);
    const spoken = upstream.arrivals.map(({ connection: { tlsProtocol, alpn, httpVersion } }) => [tlsProtocol, alpn, httpVersion]);
    expect(spoken).toEqual([
      [tls, "h2", "HTTP/2.0"],
      [tls, "http/1.1", "HTTP/1.1"],
    ]);
    found.push([
      server,
      ...spoken.flatMap(([tlsProtocol = "", alpn, version], index) => [...(index === 0 ? [tlsProtocol] : []), `\`${alpn}\`, ${version}`]),
    ]);
  });

  it("and nothing else is not called: the error names what they do not agree on", async () => {
    const streams: unknown[] = [];
    const server = createSecureServer(await around.credentialsOf(HOST)).on("stream", (stream) => streams.push(stream));
    const url = `https://${HOST}:${await listenOnLoopback(server)}`;
    try {
      await using popFetch = around.popFetch(url);
      const refused = { code: "tls_handshake_failed", message: expect.stringMatching(/no.application.protocol/i) };
      await expect(popFetch(`${url}/orders`)).rejects.toMatchObject(refused);
      expect(streams).toEqual([]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it("is described in docs/interop.md", () => {
    expect(found, "the table needs every row: run the file without a filter, and see why a row failed").toHaveLength(ROWS.length);
    const table = markdownTable(["Server", "TLS", "A client that offers both", "The bound fetch"], found);
    expect(documentSection("http-versions", table)).toBe(table);
  });
});

/** A connection with the application's certificate that offers both versions of HTTP. */
async function connection(url: string, maxVersion: SecureVersion): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  const { chainPem: cert, privateKeyPem: key } = around.issued;
  const address = { host: "127.0.0.1", port: Number(port), servername: hostname };
  const socket = connect({ ...address, ca: around.serverCa, cert, key, maxVersion, ALPNProtocols: ["h2", "http/1.1"] });
  await once(socket, "secureConnect");
  return socket;
}

/** The call that the bound fetch makes, by Node's own client of HTTP/2. */
async function statusOverHttp2(url: string, socket: TLSSocket): Promise<unknown> {
  const session = http2Connect(url, { createConnection: () => socket });
  try {
    const call = session.request({ ":path": "/orders", authorization: `pop ${await around.accessToken()}` });
    const [headers] = await once(call, "response");
    await call.resume().toArray();
    return headers[":status"];
  } finally {
    session.destroy();
  }
}
