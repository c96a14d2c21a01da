import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { PopFetch } from "@mtls-pop/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentSection, markdownTable } from "../../document.js";
import type { Arrival } from "../guarded-upstream.js";
import { type RealServers, startRealServers } from "../real-servers.js";
import { type Surroundings, surroundings } from "../surroundings.js";
import { MATRIX_ROWS, type MatrixRow } from "./matrix-rows.js";

const BODY = randomBytes(1024 * 1024);
const BODY_SHA256 = createHash("sha256").update(BODY).digest("hex");
const IN_A_ROW = 10;
const AT_ONCE = 50;

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

describe("the bound fetch calls an API behind a real server", () => {
  it.each(MATRIX_ROWS)("$server over $tls, which asks for the certificate $asks", async (row) => {
    const { url } = row.at(servers);
    const isLetIn = row.status === 200;

    // each with a client of its own: the certificate is asked for with the whole body on its way
    const get = await observed(row, (popFetch) => statusOf(popFetch(`${url}/orders`)));
    const post = await observed(row, (popFetch) => statusOf(popFetch(`${url}/orders`, { method: "POST", body: BODY })));
    const stream = await observed(row, (popFetch) => statusOf(popFetch(`${url}/orders`, streamed())));
    expect([get, post, stream].map(({ result }) => result)).toEqual([row.status, row.status, row.status]);
    expect(get.arrivals).toHaveLength(isLetIn ? 1 : 0);
    for (const { arrivals } of [post, stream]) {
      expect(arrivals.map(({ method, bodySha256 }) => [method, bodySha256])).toEqual(isLetIn ? [["POST", BODY_SHA256]] : []);
    }
    const cells = [row.server, row.tls, row.asks, ...[get, post, stream].map(({ result }) => `${result}`)];
    if (!isLetIn) return void found.push([...cells, "", "", ""]);

    const { result, arrivals } = await observed(row, async (popFetch) => {
      const inARow: number[] = [];
      for (let call = 0; call < IN_A_ROW; call++) inARow.push(await statusOf(popFetch(`${url}/orders`)));
      // the API answers when all of them are there
      const atOnce = Array.from({ length: AT_ONCE }, () => statusOf(popFetch(`${url}/together?of=${AT_ONCE}`)));
      return [...inARow, ...(await Promise.all(atOnce))];
    });
    expect(new Set(result)).toEqual(new Set([200]));
    expect(arrivals).toHaveLength(IN_A_ROW + AT_ONCE);
    const [inARow, atOnce] = [arrivals.slice(0, IN_A_ROW), arrivals.slice(IN_A_ROW)];
    const resumed = resumedAmong(atOnce.filter(({ connection }) => connection.id !== inARow[0]?.connection.id));
    expect([connectionsOf(inARow), connectionsOf(atOnce), resumed]).toEqual([1, AT_ONCE, "all"]);
    found.push([...cells, `${connectionsOf(inARow)} connection`, `${connectionsOf(atOnce)} connections`, resumed]);
  });

  it("is asked for the certificate once for each connection that renegotiates, resumed or not", async () => {
    const { url, upstream } = rowOf("after the request").at(servers);
    const log = servers.apache.server.log ?? "";
    const renegotiations = async () => (await readFile(log, "utf8")).match(/Requesting connection re-negotiation/g)?.length ?? 0;
    const before = await renegotiations();
    await using popFetch = around.popFetch(url, { profile: "key-vault" });
    const first = upstream.arrivals.length;
    for (let call = 0; call < 5; call++) expect(await statusOf(popFetch(`${url}/orders`))).toBe(200);
    await Promise.all(Array.from({ length: 5 }, () => statusOf(popFetch(`${url}/together?of=5`))));
    expect(connectionsOf(upstream.arrivals.slice(first))).toBe(5);
    expect((await renegotiations()) - before).toBe(5);
  });

  it("finds what docs/interop.md says", () => {
    expect(found, "the table needs every row: run the file without a filter, and see why a row failed").toHaveLength(MATRIX_ROWS.length);
    const columns = [
      "Server",
      "TLS",
      "Asks for the certificate",
      "GET",
      "POST of 1 MiB",
      "POST of a stream",
      `${IN_A_ROW} in a row`,
      `${AT_ONCE} at once`,
      "New connections that resume",
    ];
    const table = markdownTable(columns, found);
    expect(documentSection("server-matrix", table)).toBe(table);
  });
});

/** Makes calls with a client of their own, and tells what reached the API, which has to have let everything in. */
async function observed<T>(row: MatrixRow, calls: (popFetch: PopFetch) => Promise<T>): Promise<{ result: T; arrivals: Arrival[] }> {
  const { url, upstream } = row.at(servers);
  await using popFetch = around.popFetch(url, row.resource);
  const before = upstream.arrivals.length;
  const result = await calls(popFetch);
  const arrivals = upstream.arrivals.slice(before);
  const isVault = row.resource.profile === "key-vault";
  for (const { clientId, scheme, tokenBoundAuth, connection } of arrivals) {
    expect({ clientId, scheme, tokenBoundAuth, tls: connection.tlsProtocol, http: connection.httpVersion }).toEqual({
      clientId: around.clientId,
      scheme: isVault ? "mtls_pop" : "pop",
      tokenBoundAuth: isVault ? "true" : undefined,
      tls: row.tls,
      http: "HTTP/1.1",
    });
  }
  return { result, arrivals };
}

async function statusOf(call: Promise<Response>): Promise<number> {
  const response = await call;
  await response.arrayBuffer();
  return response.status;
}

/** A body in pieces, whose length nobody says. */
function streamed(): RequestInit {
  return { method: "POST", body: new Blob([BODY]).stream(), duplex: "half" };
}

function rowOf(asks: string): MatrixRow {
  const row = MATRIX_ROWS.find((candidate) => candidate.asks.startsWith(asks) && candidate.status === 200);
  if (!row) throw new Error(`No row asks ${asks}.`);
  return row;
}

const connectionsOf = (arrivals: readonly Arrival[]): number => new Set(arrivals.map(({ connection }) => connection.id)).size;

function resumedAmong(arrivals: readonly Arrival[]): "all" | "none" | "some" {
  const resumed = arrivals.filter(({ connection }) => connection.isResumed).length;
  return resumed === 0 ? "none" : resumed === arrivals.length ? "all" : "some";
}
