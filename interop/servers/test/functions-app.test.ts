import type { IssuedCertificate } from "@mtls-pop/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../../../packages/emulator/src/pki/certificate-authority.js";
import { documentSection, markdownTable } from "../../document.js";
import { type GuardedFunctions, startGuardedFunctions } from "../guarded-functions.js";
import { type HaproxyWay, startHaproxy } from "../haproxy.js";
import { plainCall } from "../plain-call.js";
import type { StartedServer } from "../real-server.js";
import { type Surroundings, surroundings } from "../surroundings.js";

/** A way of HAProxy's, and what comes of whoever has the owner's token and forges the owner's certificate in the header. */
interface Row {
  readonly way: HaproxyWay;
  readonly asks: string;
  readonly tls: "TLSv1.2" | "TLSv1.3";
  readonly nothing: string;
  readonly another: string;
  readonly stranger: string;
}

const [MISSING, MISMATCH, ENDED] = ["401 `client_certificate_missing`", "401 `token_confirmation_mismatch`", "connection ended"];
const REQUIRED = { way: "required", asks: "`verify required`", nothing: ENDED, another: MISMATCH, stranger: ENDED } as const;
const OPTIONAL = {
  way: "optional",
  asks: "`verify optional`, any issuer",
  nothing: MISSING,
  another: MISMATCH,
  stranger: MISMATCH,
} as const;
const ROWS: readonly Row[] = [REQUIRED, OPTIONAL].flatMap((row) => [
  { ...row, tls: "TLSv1.2" },
  { ...row, tls: "TLSv1.3" },
]);

let around: Surroundings;
let functions: GuardedFunctions;
let haproxy: StartedServer<HaproxyWay>;
let another: IssuedCertificate;
let stranger: IssuedCertificate;
/** What a thief sends: a stolen token, and its owner's certificate in the header of App Service's front end. */
let forged: Readonly<Record<string, string>>;
const found: string[][] = [];

beforeAll(async () => {
  around = await surroundings();
  functions = await startGuardedFunctions(around.trust);
  haproxy = await startHaproxy(around.before(functions.port));
  another = await around.emulator.issueCertificate();
  stranger = await (await CertificateAuthority.create()).issueCertificate();
  forged = {
    authorization: `pop ${await around.accessToken()}`,
    "x-arr-clientcert": around.issued.certificateDer.toString("base64"),
  };
});
afterAll(async () => {
  await haproxy?.close();
  await functions?.close();
  await around?.close();
});
beforeEach(() => void functions.letIn.splice(0));

describe("a Functions app behind HAProxy, whose function takes the certificate from App Service's header", () => {
  it.each(ROWS)("over $tls, where HAProxy is told $asks", async ({ way, asks, tls, ...refuses }) => {
    const url = haproxy.urls[way];
    await using popFetch = around.popFetch(url, { tls: { maxVersion: tls } });
    const response = await popFetch(`${url}/api/orders`);
    expect([response.status, await response.text()]).toEqual([200, "welcome"]);
    const owner = { clientId: around.clientId, thumbprintSha256: around.issued.thumbprintSha256 };
    expect(functions.letIn.splice(0)).toEqual([owner]);

    const call = (certificate?: IssuedCertificate) => called(`${url}/api/orders`, tls, certificate);
    const answers = { nothing: await call(), another: await call(another), stranger: await call(stranger) };
    expect(answers).toEqual(refuses);
    expect(functions.letIn).toEqual([]);
    // the same call is let in with the owner's certificate on its connection
    expect(await call(around.issued)).toBe("200");
    expect(functions.letIn).toEqual([owner]);
    found.push([asks, tls, `${response.status}`, answers.nothing, answers.another, answers.stranger]);
  });

  it("would be deceived by the same headers if HAProxy were not in front of it", async () => {
    const response = await fetch(`http://127.0.0.1:${functions.port}/api/orders`, { headers: forged });
    expect(response.status).toBe(200);
  });

  it("is described in docs/interop.md", () => {
    expect(found, "the table needs every row: run the file without a filter, and see why a row failed").toHaveLength(ROWS.length);
    const thieves = ["A thief shows nothing", "Another certificate", "One of an unknown issuer"];
    const table = markdownTable(["HAProxy is told", "TLS", "The bound fetch", ...thieves], found);
    expect(documentSection("functions-app", table)).toBe(table);
  });
});

/** Status, with the guard's code where it is the guard that answers. */
async function called(url: string, maxVersion: Row["tls"], certificate: IssuedCertificate | undefined): Promise<string> {
  const answer = await plainCall({ url, ca: around.serverCa, headers: forged, certificate, maxVersion });
  if ("ended" in answer) return ENDED;
  const code = /"code":"(\w+)"/.exec(answer.text)?.[1];
  return code === undefined ? `${answer.status}` : `${answer.status} \`${code}\``;
}
