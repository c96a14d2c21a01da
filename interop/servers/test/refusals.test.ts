import { randomBytes } from "node:crypto";
import { isMtlsPopError } from "@mtls-pop/core";
import type { IssuedCertificate } from "@mtls-pop/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../../../packages/emulator/src/pki/certificate-authority.js";
import { documentSection, markdownTable } from "../../document.js";
import { SMALL_BUFFER_PATH, startApache } from "../apache.js";
import { startHaproxy } from "../haproxy.js";
import { startNginx } from "../nginx.js";
import { plainCall } from "../plain-call.js";
import { type RealServers, startRealServers } from "../real-servers.js";
import { type Surroundings, surroundings } from "../surroundings.js";
import { MATRIX_ROWS, type MatrixRow, type Refusals } from "./matrix-rows.js";

let around: Surroundings;
let servers: RealServers;
let thieves: Readonly<Record<keyof Refusals, IssuedCertificate | undefined>>;
/** A stolen token, and the certificate of its owner in every header that a server might pass on. */
let stolen: Readonly<Record<string, string>>;
const found: string[][] = [];

beforeAll(async () => {
  around = await surroundings();
  servers = await startRealServers(around);
  const strangeAuthority = await CertificateAuthority.create();
  thieves = {
    nothing: undefined,
    another: await around.emulator.issueCertificate(),
    stranger: await strangeAuthority.issueCertificate(),
  };
  stolen = {
    authorization: `pop ${await around.accessToken()}`,
    "x-client-cert": encodeURIComponent(around.issued.certificatePem),
    "x-arr-clientcert": around.issued.certificateDer.toString("base64"),
  };
});
afterAll(async () => {
  await servers?.close();
  await around?.close();
});

describe("a thief who puts the owner's certificate into the headers is not let in", () => {
  it.each(MATRIX_ROWS)("$server over $tls, which asks for the certificate $asks", async (row) => {
    const { upstream } = row.at(servers);
    const answers = {
      nothing: await asThief(row, "nothing"),
      another: await asThief(row, "another"),
      stranger: await asThief(row, "stranger"),
    };
    expect(answers).toEqual(row.refuses);
    expect(upstream.arrivals.filter(({ clientId }) => clientId !== undefined)).toEqual([]);
    // the same call is let in with the owner's certificate on its connection
    expect(await called(row, around.issued)).toBe(`${row.status}`);
    upstream.arrivals.length = 0;
    found.push([row.server, row.tls, row.asks, answers.nothing, answers.another, answers.stranger]);
  });

  it("finds what docs/interop.md says", () => {
    expect(found, "the table needs every row: run the file without a filter, and see why a row failed").toHaveLength(MATRIX_ROWS.length);
    const columns = ["Server", "TLS", "Asks for the certificate", "Nothing is shown", "Another certificate", "One of an unknown issuer"];
    const table = markdownTable(columns, found);
    expect(documentSection("server-refusals", table)).toBe(table);
  });
});

describe("the bound fetch says what became of a call", () => {
  it.each([
    ["bytes", () => ({ body: randomBytes(1024 * 1024) })],
    ["a stream", () => ({ body: new Blob([randomBytes(1024 * 1024)]).stream(), duplex: "half" as const })],
  ])("whose body, %s, is more than Apache keeps while it asks for the certificate: 413, sent once", async (_name, body) => {
    const { server, upstream } = servers.apache;
    const url = `${server.urls.renegotiation}${SMALL_BUFFER_PATH}/orders`;
    await using popFetch = around.popFetch(server.urls.renegotiation, { profile: "key-vault" });
    const tooLarge = await popFetch(url, { method: "POST", ...body() });
    expect([tooLarge.status, await tooLarge.text()]).toEqual([413, expect.stringContaining("Request Entity Too Large")]);
    expect(upstream.arrivals).toEqual([]);
    // a connection that has shown its certificate takes any body
    expect((await popFetch(url)).status).toBe(200);
    expect((await popFetch(url, { method: "POST", ...body() })).status).toBe(200);
    expect(new Set(upstream.arrivals.splice(0).map(({ connection }) => connection.id)).size).toBe(1);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("whose certificate HAProxy refuses over %s: an error of the handshake", async (maxVersion) => {
    const { serverCa, before } = around;
    const server = await startHaproxy({ ...before(servers.haproxy.upstream.port), clientCa: serverCa });
    try {
      const error = await refusal(server.urls.required, { tls: { maxVersion } });
      expect(error).toMatchObject({ code: "tls_handshake_failed", message: expect.stringMatching(/unknown.ca/i) });
    } finally {
      await server.close();
    }
  });

  it("whose certificate Apache refuses in the renegotiation: an error of the handshake", async () => {
    const { serverCa, before } = around;
    const server = await startApache({ ...before(servers.apache.upstream.port), clientCa: serverCa });
    try {
      const error = await refusal(server.urls.renegotiation, { profile: "key-vault" });
      expect(error).toMatchObject({ code: "tls_handshake_failed", message: expect.stringMatching(/unknown.ca/i) });
    } finally {
      await server.close();
    }
  });

  it("whose certificate nginx refuses: nginx's answer, 400", async () => {
    const { serverCa, before } = around;
    const server = await startNginx({ ...before(servers.nginx.upstream.port), clientCa: serverCa });
    try {
      await using popFetch = around.popFetch(server.urls.on);
      const response = await popFetch(`${server.urls.on}/orders`);
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("The SSL certificate error")]);
    } finally {
      await server.close();
    }
  });
});

function asThief(row: MatrixRow, shows: keyof Refusals): Promise<string> {
  return called(row, thieves[shows]);
}

/** Status, with the guard's code where it is the guard that answers. */
async function called(row: MatrixRow, certificate: IssuedCertificate | undefined): Promise<string> {
  const { url } = row.at(servers);
  const answer = await plainCall({ url: `${url}/orders`, ca: around.serverCa, headers: stolen, certificate, maxVersion: row.tls });
  if ("ended" in answer) return "connection ended";
  const code = /^\{"code":"(\w+)"\}$/.exec(answer.text)?.[1];
  return code === undefined ? `${answer.status}` : `${answer.status} \`${code}\``;
}

async function refusal(url: string, resource: Parameters<Surroundings["popFetch"]>[1]): Promise<unknown> {
  await using popFetch = around.popFetch(url, resource);
  const outcome: unknown = await popFetch(`${url}/orders`).catch((error: unknown) => error);
  expect(isMtlsPopError(outcome)).toBe(true);
  return outcome;
}
