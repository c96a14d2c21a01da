import { randomUUID } from "node:crypto";
import type { KeyType } from "@mtls-pop/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentSection, markdownTable } from "../../document.js";
import { bothLibraries, type Finding } from "./both-libraries.js";
import { comparable, differences } from "./token-request.js";
import { type Asked, type Outcome, WIRE_ROWS } from "./wire-row.js";

/** Fields in which core's request differs on purpose, where there is a signed assertion, and why. */
const ON_PURPOSE: Readonly<Record<string, string>> = {
  "form.client_assertion.header.x5c": "RFC 7515 section 4.1.6 has an array of the whole chain; MSAL.NET sends the leaf as a string",
  "form.client_assertion.claims.nbf": "RFC 7519 section 2 has a number; MSAL.NET sends a string",
  "form.client_assertion.claims.exp": "RFC 7519 section 2 has a number; MSAL.NET sends a string",
};

const BOUND: Asked = {
  flow: "certificate",
  mtlsProofOfPossession: true,
  authority: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555",
  scope: "https://vault.azure.net/.default",
};

let both: Awaited<ReturnType<typeof bothLibraries>>;
const found: string[][] = [];

beforeAll(async () => {
  both = await bothLibraries();
});
afterAll(() => both?.close());

describe("MSAL.NET and core ask the emulator for a token", () => {
  it.each(WIRE_ROWS)("$name", async ({ name, asked, requests, result }) => {
    const msalNet = await both.askMsalNet(asked);
    const core = await both.askCore(asked);

    expect(msalNet.outcome).toEqual(result);
    expect(msalNet.sent.map(comparable)).toEqual(requests.map(comparable));

    expect(core.outcome).toEqual(withoutScheme(msalNet.outcome));
    expect(core.aadsts).toBe(msalNet.aadsts);
    const different = differencesOf(msalNet, core);
    const isSigned = msalNet.sent.some(
      ({ form }) => typeof form["client_assertion"] === "object" && "x5c" in form["client_assertion"].header,
    );
    expect(different).toEqual(isSigned ? Object.keys(ON_PURPOSE).sort() : []);

    const [theirs, ours] = [msalNet, core].map(inWords);
    found.push([
      name,
      hosts(msalNet.sent),
      theirs ?? "",
      ours === theirs ? "the same" : (ours ?? ""),
      comparison(different, core.sent.length),
    ]);
  });

  it("asked the emulator about the authority before the signed assertion, and was answered; core knows its clouds", () => {
    const discoveries = both.emulator.requests.filter(({ path }) => path === "/common/discovery/instance");
    expect(discoveries.map(({ status, headers }) => [status, headers["x-client-sku"]])).toEqual([[200, "MSAL.NetCore"]]);
  });

  it.each([
    { mtlsProofOfPossession: true },
    { mtlsProofOfPossession: true, region: "westus3" },
    { mtlsProofOfPossession: false },
    { mtlsProofOfPossession: false, region: "westus3" },
  ])("asks by the emulator's own names, with their port: %j", async (how) => {
    const asked = { ...BOUND, ...how, authority: both.emulator.authority };
    const [msalNet, core] = [await both.askMsalNet(asked), await both.askCore(asked)];
    expect(core.outcome).toEqual(withoutScheme(msalNet.outcome));
    const host = `${how.mtlsProofOfPossession ? "mtlsauth" : "login"}.emulator.localhost`;
    expect(msalNet.sent.map((request) => request.host)).toEqual([how.region ? `${how.region}.${host}` : host]);
    expect(differencesOf(msalNet, core)).toEqual(how.mtlsProofOfPossession ? [] : Object.keys(ON_PURPOSE).sort());
  });

  it.each(["RSA-3072", "EC-P256", "EC-P384"] as const)("gets a bound token with a key %s", async (keyType) => {
    const asker = await registered(keyType);
    const [msalNet, core] = [await both.askMsalNet(BOUND, asker), await both.askCore(BOUND, asker)];
    expect([msalNet, core].map(({ outcome }) => [outcome.tokenType, outcome.bindingCertificate])).toEqual([
      ["mtls_pop", "the application's"],
      ["mtls_pop", "the application's"],
    ]);
  });

  it("signs with an EC key in core alone, since MSAL.NET wants RSA for an assertion", async () => {
    const asker = await registered("EC-P256");
    const asked = { ...BOUND, mtlsProofOfPossession: false };
    expect((await both.askMsalNet(asked, asker)).outcome).toEqual({ kind: "client", code: "certificate_not_rsa" });
    expect((await both.askCore(asked, asker)).outcome.tokenType).toBe("Bearer");
  });

  it("finds what docs/interop.md says", () => {
    expect(found, "the table needs every row: run the file without a filter, and see why a row failed").toHaveLength(WIRE_ROWS.length);
    const table = markdownTable(["Asked for", "Token requests to", "MSAL.NET gets", "core gets", "The requests of both"], found);
    expect(documentSection("msal-net-tokens", table)).toBe(table);
  });
});

async function registered(keyType: KeyType) {
  const issued = await both.emulator.issueCertificate({ keyType });
  const { clientId } = both.emulator.applications.register({ clientId: randomUUID(), certificate: issued.certificatePem });
  return { clientId, issued };
}

function withoutScheme({ authorizationScheme: _ofMsalAlone, ...outcome }: Outcome): Outcome {
  return outcome;
}

/** The fields in which the requests of both differ, one by one. */
function differencesOf(msalNet: Finding, core: Finding): string[] {
  expect(core.sent).toHaveLength(msalNet.sent.length);
  return core.sent.flatMap((ours, index) => {
    const theirs = msalNet.sent[index];
    return theirs ? differences(theirs, ours) : [];
  });
}

function hosts(sent: readonly { host: string }[]): string {
  return [...new Set(sent.map(({ host }) => `\`${host}\``))].join(", then ") || "nobody";
}

function inWords({ outcome: { tokenType, bindingCertificate, kind, code, status }, aadsts }: Finding): string {
  if (kind === undefined) return `\`${tokenType}\`${bindingCertificate ? ", bound to the certificate" : ""}`;
  return kind === "client" ? `client error \`${code}\`` : `\`${code}\`, ${status}, AADSTS${aadsts}`;
}

function comparison(different: readonly string[], count: number): string {
  if (count === 0) return "none";
  return different.length === 0 ? "equal" : `equal but for ${different.map((name) => `\`${name.split(".").at(-1)}\``).join(", ")}`;
}
