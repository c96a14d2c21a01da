import { BindingCertificate, ConfidentialClientApplication, createPopFetch } from "@mtls-pop/core";
import type { RecordedRequest } from "@mtls-pop/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentSection, markdownTable } from "../../document.js";
import { bothLibraries } from "./both-libraries.js";
import type { Answer, Call } from "./msal-net.js";
import { RESOURCE_ROWS, type ResourceRow, VAULT_GET, VAULT_PUT } from "./resource-rows.js";
import type { Asked } from "./wire-row.js";

const ASKED: Omit<Asked, "scope"> = {
  flow: "certificate",
  mtlsProofOfPossession: true,
  authority: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555",
};
const JSON_HEADERS = { "content-type": "application/json" };

let both: Awaited<ReturnType<typeof bothLibraries>>;
let another: Call["another"];
let application: ConfidentialClientApplication;
const found: string[][] = [];

beforeAll(async () => {
  both = await bothLibraries();
  const { emulator, issued } = both;
  emulator.keyVault.secrets.set("my-secret", "s3cret");
  const { certificatePem, privateKeyPem } = await emulator.issueCertificate();
  another = { certificate: certificatePem, privateKey: privateKeyPem };
  application = new ConfidentialClientApplication({
    clientId: both.clientId,
    authority: ASKED.authority.replace(".com/", `.com:${new URL(emulator.authority).port}/`),
    certificate: await BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem }),
    transport: { ca: emulator.ca, lookup: emulator.lookup },
  });
});
afterAll(() => both?.close());

describe(".NET's HttpClient takes MSAL's token and certificate to the emulated resources", () => {
  it.each(RESOURCE_ROWS)("$to.name over TLS $maxTls: $sends", async (row) => {
    const { to, sends, maxTls, shows = "binding", seen = shows, status, says, coreInstead = "never sends that" } = row;
    const { answers, requests } = await byDotNet(row);
    expect(answers.map(inWords)).toEqual([{ status, says, error: undefined }]);
    expect(requests.map(certificateOf)).toEqual([seen]);
    expect(requests.map(({ tlsProtocol }) => tlsProtocol)).toEqual([`TLSv${maxTls}`]);

    const core = row.core === undefined ? coreInstead : await byCore(row);
    if (row.core !== undefined) expect(core).toBe(`200 over ${row.core}`);
    found.push([to.name, to.asksForCertificate, sends, `TLSv${maxTls}`, says === undefined ? `${status}` : `${status} \`${says}\``, core]);
  });

  it("keeps a connection to the vault that has renegotiated", async () => {
    const { answers, requests } = await byDotNet(VAULT_GET, VAULT_PUT, VAULT_GET, VAULT_PUT);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(requests.map(certificateOf)).toEqual(["binding", "binding", "binding", "binding"]);
    expect(new Set(requests.map(({ connectionId }) => connectionId)).size).toBe(1);
  });

  it("finds what docs/interop.md says", () => {
    expect(found, "the table needs every row: run the file without a filter, and see why a row failed").toHaveLength(RESOURCE_ROWS.length);
    const columns = ["Resource", "Asks for the certificate", ".NET sends", "over", ".NET gets", "core gets"];
    const table = markdownTable(columns, found);
    expect(documentSection("msal-net-resources", table)).toBe(table);
  });
});

/** Asks MSAL.NET for one token and has .NET make these calls to one resource with it. */
async function byDotNet(...rows: [ResourceRow, ...ResourceRow[]]) {
  const { emulator } = both;
  const [{ to }] = rows;
  const before = emulator.requests.length;
  const calls = rows.map(({ maxTls, scheme, headers, body, shows }): Call => {
    const own = { ...(scheme && { scheme }), ...(headers && { headers }), ...(body !== undefined && { body }) };
    return { url: to.url(emulator), maxTls, ...own, ...(shows && { shows }), ...(shows === "another" && another && { another }) };
  });
  const { outcome, calls: answers } = await both.askMsalNet({ ...ASKED, scope: to.scope(emulator) }, {}, calls);
  expect(outcome.tokenType).toBe("mtls_pop");
  return { answers, requests: emulator.requests.slice(before).filter(({ server }) => server === to.server) };
}

/** Makes the same call with core, and tells what came of it and over which TLS. */
async function byCore({ to, maxTls, body }: ResourceRow): Promise<string> {
  const { emulator } = both;
  const resource = { ...to.options(emulator), ...(maxTls === "1.2" && { tls: { maxVersion: "TLSv1.2" as const } }) };
  const transport = { ca: emulator.ca, lookup: emulator.lookup };
  const popFetch = createPopFetch({ tokens: application, resources: { resource }, transport });
  try {
    const response = await popFetch(to.url(emulator), body === undefined ? {} : { method: "PUT", headers: JSON_HEADERS, body });
    await response.arrayBuffer();
    return `${response.status} over ${emulator.requests.at(-1)?.tlsProtocol}`;
  } finally {
    await popFetch.close();
  }
}

function certificateOf({ clientCertificate }: RecordedRequest): "none" | "binding" | "another" {
  if (!clientCertificate) return "none";
  return clientCertificate.equals(both.issued.certificateDer) ? "binding" : "another";
}

function inWords({ status, body = "", error }: Answer["calls"][number]) {
  const says = status === 200 ? undefined : /"(?:message|error_description)":"([^"]*)"/.exec(body)?.[1];
  return { status, says, error };
}
