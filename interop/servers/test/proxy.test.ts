import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isMtlsPopError, type TransportOptions } from "@mtls-pop/core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { loopbackLookup } from "../../../packages/emulator/src/server/loopback-lookup.js";
import { documentSection, markdownTable } from "../../document.js";
import { CLIENTS, surroundings as oidcSurroundings, SCOPE } from "../../oidc-provider/surroundings.js";
import { type RealServers, startRealServers } from "../real-servers.js";
import { type StartedProxy, startSquid } from "../squid.js";
import { HOST, type Surroundings, surroundings } from "../surroundings.js";
import { MATRIX_ROWS, type MatrixRow } from "./matrix-rows.js";

const BODY = randomBytes(1024 * 1024);
const IN_A_ROW = 10;
const AUTHORIZATION_SERVER = "as.servers.example";
const PROXY = "proxy.example";
/** A transport that knows no server's name: what it calls goes through a proxy, or nowhere. */
const LOST = { lookup: loopbackLookup((name) => name === PROXY || name.endsWith(".localhost")) };

let around: Surroundings;
let servers: RealServers;
let squid: StartedProxy;
const found: string[][] = [];

beforeAll(async () => {
  around = await surroundings();
  servers = await startRealServers(around);
  squid = await startSquid({ host: PROXY, credentials: await around.credentialsOf(PROXY), names: [HOST, AUTHORIZATION_SERVER] });
});
afterAll(async () => {
  await squid?.close();
  await servers?.close();
  await around?.close();
});
afterEach(() => vi.unstubAllEnvs());

describe("the bound fetch through Squid", () => {
  it.each(MATRIX_ROWS)("to $server over $tls, which asks for the certificate $asks", async (row) => {
    const cells = [row.server, row.tls, row.asks];
    expect(await called(row, LOST)).toBe("`network_error`");
    const direct = await called(row);
    const byOption = await called(row, { ...LOST, proxy: squid.url });
    // Debian's Squid sends no intermediate certificate
    const ca = [around.serverCa, around.serverIntermediate];
    const overTls = await called(row, { ...LOST, ca, proxy: squid.tlsUrl });
    environment({ HTTPS_PROXY: squid.url });
    const byVariable = await called(row, LOST);
    // whoever went there through the proxy would be refused
    environment({ HTTPS_PROXY: squid.wrongUrl, NO_PROXY: `other.example,.${HOST.replace(/^\w+\./, "")}` });
    const exempt = await called(row);
    environment({ HTTPS_PROXY: squid.wrongUrl });
    const wrong = await called(row, LOST);
    const missing = await called(row, { ...LOST, proxy: squid.bareUrl });
    expect([direct, byOption, overTls, byVariable, exempt, wrong, missing]).toEqual([
      ...Array(5).fill(`${row.status}`),
      ...Array(2).fill("`proxy_refused` (407)"),
    ]);
    found.push([...cells, direct, byOption, overTls, byVariable, exempt, wrong, missing]);
  });

  it("opens one tunnel for calls in a row, whose other end is all that Squid knows of them", async () => {
    const { server, upstream } = servers.nginx;
    const before = await tunnels();
    upstream.arrivals.length = 0;
    {
      await using popFetch = around.popFetch(server.urls.on, {}, { ...LOST, proxy: squid.url });
      for (let call = 0; call < IN_A_ROW; call++) await (await popFetch(`${server.urls.on}/orders`)).text();
      expect(upstream.arrivals.map(({ clientId }) => clientId)).toEqual(Array(IN_A_ROW).fill(around.clientId));
      expect(new Set(upstream.arrivals.map(({ connection }) => connection.id)).size).toBe(1);
    }
    // Squid logs a tunnel when it ends
    await vi.waitFor(async () => expect((await tunnels()).length).toBe(before.length + 1), { timeout: 10_000 });
    expect((await tunnels()).at(-1)).toMatch(new RegExp(` TCP_TUNNEL/200 \\d+ CONNECT ${HOST}:${new URL(server.urls.on).port} functions `));
  });

  it("says what Squid says to a name that it opens no tunnel to", async () => {
    const url = "https://elsewhere.example";
    await using popFetch = around.popFetch(url, {}, { ...LOST, proxy: squid.url });
    await expect(popFetch(`${url}/orders`)).rejects.toMatchObject({ code: "proxy_refused", statusCode: 403, retryable: false });
  });

  it("is described in docs/interop.md", () => {
    expect(found, "the table needs every row: run the file without a filter, and see why a row failed").toHaveLength(MATRIX_ROWS.length);
    const columns = [
      "No proxy",
      "`transport.proxy`",
      "The same over TLS",
      "`HTTPS_PROXY`",
      "`NO_PROXY` has the name",
      "Wrong credentials",
      "No credentials",
    ];
    const table = markdownTable(["Server", "TLS", "Asks for the certificate", ...columns], found);
    expect(documentSection("proxy-matrix", table)).toBe(table);
  });
});

describe("a token request", () => {
  it("to a name of loopback does not go through the proxy", async () => {
    const { scope } = around.emulator.customApi;
    // who asked Squid, with these credentials and for this name, would be refused
    const byOption = around.applicationOver({ proxy: squid.wrongUrl });
    expect(await byOption.acquireBoundToken({ scopes: [scope] })).toMatchObject({ tokenType: "mtls_pop" });
    environment({ HTTPS_PROXY: squid.wrongUrl });
    expect(await around.applicationOver().acquireBoundToken({ scopes: [scope] })).toMatchObject({ tokenType: "mtls_pop" });
  });

  it("to oidc-provider does, with TLS and the certificate inside the tunnel", async () => {
    const oidc = await oidcSurroundings();
    try {
      const asked = async (over: TransportOptions) => {
        const application = await oidc.application(CLIENTS.subject, oidc.certificates.issued, { ...LOST, ...over });
        return application.acquireBoundToken({ scopes: [SCOPE] });
      };
      await expect(asked({ proxy: false })).rejects.toMatchObject({ code: "network_error" });
      expect(await asked({ proxy: squid.url })).toMatchObject({ tokenType: "Bearer" });
      await expect(asked({ proxy: squid.wrongUrl })).rejects.toMatchObject({ code: "proxy_refused", statusCode: 407 });
      environment({ HTTPS_PROXY: squid.url });
      expect(await asked({})).toMatchObject({ tokenType: "Bearer" });
    } finally {
      await oidc.close();
    }
  });
});

/** What a client finds in the environment that is made now. */
function environment({ HTTPS_PROXY, NO_PROXY }: { HTTPS_PROXY: string; NO_PROXY?: string }): void {
  // lower case counts more, also when empty
  for (const name of ["https_proxy", "no_proxy"]) vi.stubEnv(name, undefined);
  vi.stubEnv("HTTPS_PROXY", HTTPS_PROXY);
  vi.stubEnv("NO_PROXY", NO_PROXY);
}

/** What a GET and a POST of 1 MiB come to, with a client of their own; each reaches the API once, or not at all. */
async function called(row: MatrixRow, over: TransportOptions = {}): Promise<string> {
  const { url, upstream } = row.at(servers);
  await using popFetch = around.popFetch(url, row.resource, over);
  const before = upstream.arrivals.length;
  const answers: string[] = [];
  for (const init of [{}, { method: "POST", body: BODY }]) {
    answers.push(
      await popFetch(`${url}/orders`, init).then(
        async (response) => {
          await response.arrayBuffer();
          return `${response.status}`;
        },
        (error: unknown) => {
          if (!isMtlsPopError(error)) throw error;
          return error.statusCode === undefined ? `\`${error.code}\`` : `\`${error.code}\` (${error.statusCode})`;
        },
      ),
    );
  }
  const [get = "", post] = answers;
  expect(post).toBe(get);
  const seen = upstream.arrivals.slice(before).map(({ method, clientId, connection }) => [method, clientId, connection.tlsProtocol]);
  const isLetIn = get === "200";
  expect(seen).toEqual(isLetIn ? ["GET", "POST"].map((method) => [method, around.clientId, row.tls]) : []);
  return get;
}

/** The lines of Squid's log about tunnels that it has opened. */
async function tunnels(): Promise<string[]> {
  return (await readFile(squid.log, "utf8")).split("\n").filter((line) => line.includes(" TCP_TUNNEL/"));
}
