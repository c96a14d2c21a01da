import { randomUUID } from "node:crypto";
import type { IssuedCertificate } from "@mtls-pop/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentSection, markdownTable } from "../../document.js";
import { bothLibraries } from "./both-libraries.js";
import type { Asked } from "./wire-row.js";

type Both = Awaited<ReturnType<typeof bothLibraries>>;

const BOUND: Asked = {
  flow: "certificate",
  mtlsProofOfPossession: true,
  authority: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555",
  scope: "https://vault.azure.net/.default",
};
const CLASSIC: Asked = { ...BOUND, mtlsProofOfPossession: false };

/** What makes the service refuse: how a token is asked for, and by whom. */
interface Mistake {
  readonly name: string;
  readonly aadsts: number;
  /** The code by which core refuses it before any request, where it does. */
  readonly core?: string;
  readonly asked?: Asked;
  readonly by?: (both: Both) => Promise<{ clientId?: string; issued?: IssuedCertificate }>;
}

const MISTAKES: readonly Mistake[] = [
  { name: "an application that the tenant does not know", aadsts: 700016, by: async () => ({ clientId: randomUUID() }) },
  { name: "a certificate that is not registered", aadsts: 700027, by: (both) => stranger(both) },
  { name: "a certificate that is not registered, in a signed assertion", aadsts: 700027, asked: CLASSIC, by: (both) => stranger(both) },
  { name: "a revoked certificate", aadsts: 7000214, by: (both) => revoked(both) },
  { name: "mTLS not enabled for the application", aadsts: 51000, by: (both) => registered(both, { mtlsClientAuthentication: false }) },
  { name: "a certificate trusted by thumbprint alone", aadsts: 392189, by: (both) => registered(both, { trust: "thumbprint" }) },
  { name: "a resource that takes no bound tokens", aadsts: 392196, asked: { ...BOUND, scope: "https://management.azure.com/.default" } },
  {
    name: "a scope that is not `/.default`",
    aadsts: 1002012,
    core: "invalid_options",
    asked: { ...BOUND, scope: "https://vault.azure.net/user_impersonation" },
  },
];

let both: Both;
const found: string[][] = [];

beforeAll(async () => {
  both = await bothLibraries();
});
afterAll(() => both?.close());

describe("MSAL.NET and core make the same of a refusal of the emulator", () => {
  it.each(MISTAKES)("$name", async ({ name, aadsts, core: early, asked = BOUND, by = async () => ({}) }) => {
    const asker = await by(both);
    const msalNet = await both.askMsalNet(asked, asker);
    const core = await both.askCore(asked, asker);
    expect([msalNet.aadsts, msalNet.sent.length]).toEqual([aadsts, 1]);
    expect([core.aadsts, core.sent.length]).toEqual(early === undefined ? [aadsts, 1] : [undefined, 0]);
    expect(core.outcome).toEqual(early === undefined ? msalNet.outcome : { kind: "client", code: early });
    const said = `\`${msalNet.outcome.code}\`, ${msalNet.outcome.status}, AADSTS${aadsts}`;
    found.push([name, said, early === undefined ? "the same" : `\`${early}\`, before the request`]);
  });

  it("finds what docs/interop.md says", () => {
    expect(found, "the table needs every row: run the file without a filter, and see why a row failed").toHaveLength(MISTAKES.length);
    const table = markdownTable(["Asked with", "MSAL.NET says", "core says"], found);
    expect(documentSection("msal-net-refusals", table)).toBe(table);
  });
});

async function stranger({ emulator }: Both) {
  return { issued: await emulator.issueCertificate({ subject: "CN=stranger" }) };
}

async function registered({ emulator }: Both, over: Partial<Parameters<typeof emulator.applications.register>[0]>) {
  const issued = await emulator.issueCertificate();
  const { clientId } = emulator.applications.register({ clientId: randomUUID(), certificate: issued.certificatePem, ...over });
  return { clientId, issued };
}

async function revoked(both: Both) {
  const asker = await registered(both, {});
  both.emulator.revokeCertificate(asker.issued.certificatePem);
  return asker;
}
