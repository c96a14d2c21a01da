import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { RecordedRequest } from "@mtls-pop/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuthenticationResult } from "../../src/application/authentication-result.js";
import { ConfidentialClientApplication } from "../../src/application/confidential-client-application.js";
import type { ClientCredentialRequest, ConfidentialClientOptions } from "../../src/application/confidential-client-options.js";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { FicAssertionProvider } from "../../src/federated/fic-assertion-provider.js";
import { FicLeg1Acquirer } from "../../src/federated/fic-leg1-acquirer.js";
import { FicLeg2Exchanger } from "../../src/federated/fic-leg2-exchanger.js";
import { emulated } from "../emulated.js";

/** One row of what MSAL.NET was recorded to send, and what came of it. */
interface WireRow {
  name: string;
  asked: {
    flow: "certificate" | "federated";
    mtlsProofOfPossession: boolean;
    authority: string;
    scope: string;
    region?: string;
    clientCapabilities?: string[];
    claims?: string;
    sendCertificateOverMtls?: boolean;
    bindCertificate?: boolean;
  };
  requests: { host: string; path: string; clientCertificate: string | null; form: Record<string, string | AssertionShape> }[];
  result: { tokenType: string; tokenSource: string; bindingCertificate: string | null } | { kind: string; code: string; status?: number };
}
interface AssertionShape {
  header: Record<string, string>;
  claims: Record<string, string | { "x5t#S256": string }>;
}

const fixture = new URL("../fixtures/wire/msal-net-4.92.0.json", import.meta.url);
const { rows }: { rows: WireRow[] } = JSON.parse(await readFile(fixture, "utf8"));
const KNOWN_TENANT = "11111111-2222-3333-4444-555555555555";
const CLIENT_ID = "00000000-0000-0000-0000-00000000000a";
/** Leg 1 of the federated rows. */
const LEG1_CLIENT_ID = "00000000-0000-0000-0000-00000000000b";

/** Where a row of the recording is not followed to the letter. */
const DEVIATIONS = {
  /** RFC 7515 section 4.1.6 wants an array and the whole chain lets the service check subject name and issuer; MSAL.NET sends one string. */
  x5c: "an array of the chain, not a string",
  /** RFC 7519 section 2 defines NumericDate as a number; MSAL.NET sends strings. */
  numericDate: "numbers, not strings",
} as const;

let entra: Awaited<ReturnType<typeof emulated>>;
let port: string;

beforeAll(async () => {
  entra = await emulated({ clouds: true, tenantId: KNOWN_TENANT });
  for (const clientId of [CLIENT_ID, LEG1_CLIENT_ID]) {
    entra.emulator.applications.register({ clientId, certificates: [entra.issued.certificatePem] });
  }
  port = new URL(entra.emulator.authority).port;
});
afterAll(() => entra.close());

describe("what MSAL.NET 4.92.0 sends and meets, row by row", () => {
  for (const [index, row] of rows.entries()) {
    it(`WIRE-${String(index + 1).padStart(2, "0")} ${row.name}`, async () => {
      const before = entra.tokenRequests().length;
      const result = await outcomeOf(() => (row.asked.flow === "certificate" ? ask(row.asked) : exchange(row.asked)));
      const sent = entra.tokenRequests().slice(before);
      expect(sent.map(summary)).toEqual(row.requests.map(expected));
      expect(result).toEqual(outcome(row.result));
    });
  }

  it("covers every row of both flows", () => {
    expect(rows.map(({ asked }) => asked.flow)).toEqual([...Array(22).fill("certificate"), ...Array(5).fill("federated")]);
  });

  it(`differs on purpose: x5c is ${DEVIATIONS.x5c}, nbf and exp are ${DEVIATIONS.numericDate}`, async () => {
    await ask({
      flow: "certificate",
      mtlsProofOfPossession: false,
      authority: entra.emulator.authority,
      scope: "https://graph.microsoft.com/.default",
    });
    const { header, claims } = decode(entra.tokenRequests().at(-1)?.form?.["client_assertion"] ?? "");
    expect(header["x5c"]).toEqual(entra.certificate.x5c);
    expect(claims).toMatchObject({ nbf: expect.any(Number), exp: expect.any(Number) });
  });
});

/** Who asks, as a row has it. */
function settings(asked: WireRow["asked"]) {
  const authority = new URL(asked.authority);
  if (!authority.port) authority.port = port;
  return {
    clientId: CLIENT_ID,
    authority: authority.href,
    transport: entra.transport,
    knownAuthorities: [entra.host],
    ...(asked.region && { azureRegion: asked.region }),
    ...(asked.clientCapabilities && { clientCapabilities: asked.clientCapabilities }),
    ...(asked.sendCertificateOverMtls && { sendCertificateOverMtls: true }),
  } satisfies Partial<ConfidentialClientOptions>;
}

/** What is asked, as a row has it. */
function request({ scope, mtlsProofOfPossession, claims }: WireRow["asked"]): ClientCredentialRequest {
  return { scopes: [scope], mtlsProofOfPossession, ...(claims && { claims }) };
}

async function ask(asked: WireRow["asked"]): Promise<AuthenticationResult> {
  const application = new ConfidentialClientApplication({ ...settings(asked), certificate: entra.certificate });
  return application.acquireTokenByClientCredential(request(asked));
}

/** Leg 1's result, then leg 2, as the recording went; by the classes, and by the plain callback where no certificate is to come along. */
async function exchange(asked: WireRow["asked"]): Promise<AuthenticationResult> {
  const { bindCertificate = true } = asked;
  const leg1 = new ConfidentialClientApplication({ ...settings(asked), clientId: LEG1_CLIENT_ID, certificate: entra.certificate });
  const assertions = new FicAssertionProvider(await new FicLeg1Acquirer(leg1).acquireToken());
  if (bindCertificate) return new FicLeg2Exchanger({ ...settings(asked), assertions }).exchangeToken(request(asked));
  const clientAssertion = () => assertions.createAssertion({ bindCertificate });
  const leg2 = new ConfidentialClientApplication({ ...settings(asked), clientAssertion });
  return leg2.acquireTokenByClientCredential(request(asked));
}

async function outcomeOf(acquire: () => Promise<AuthenticationResult>): Promise<unknown> {
  try {
    const { tokenType, metadata, bindingCertificate } = await acquire();
    return { tokenType, tokenSource: metadata.tokenSource, bindingCertificate: nameOf(bindingCertificate) };
  } catch (error) {
    const { kind, code, statusCode } = error as { kind: string; code: string; statusCode?: number };
    return { kind, code, status: statusCode };
  }
}

function outcome(result: WireRow["result"]): unknown {
  if ("code" in result) return { kind: result.kind, code: result.code, status: result.status };
  return { tokenType: result.tokenType, tokenSource: result.tokenSource, bindingCertificate: result.bindingCertificate };
}

function summary({ host, path, clientCertificate, form = {} }: RecordedRequest): unknown {
  const { client_assertion: assertion, ...fields } = form;
  return {
    host,
    path,
    clientCertificate: clientCertificate ? nameOf(clientCertificate) : null,
    form: { ...fields, ...(assertion && { client_assertion: shape(assertion) }) },
  };
}

function expected({ host, path, clientCertificate, form }: WireRow["requests"][number]): unknown {
  const { client_info: _ofMsalAlone, client_assertion: assertion, ...fields } = form;
  if (assertion === undefined || typeof assertion === "string") return { host, path, clientCertificate, form: fields };
  const { header, claims } = assertion;
  // leg 1's token: its issuer is the stand-in's own, so its header and most of its claims are as well
  if (typeof claims["cnf"] === "object") {
    return { host, path, clientCertificate, form: { ...fields, client_assertion: { aud: claims["aud"], cnf: claims["cnf"] } } };
  }
  // the recording has another port in mind: ours stands in the audience as well
  const aud = String(claims["aud"]).replace(`//${host}/`, `//${host}:${port}/`);
  return {
    host,
    path,
    clientCertificate,
    form: { ...fields, client_assertion: { header: { ...header, x5c: "x5c" }, claims: { ...names(claims), aud } } },
  };
}

/** An assertion without what is new in each. */
function shape(assertion: string): unknown {
  const { header, claims } = decode(assertion);
  if (claims["cnf"]) {
    expect(claims["cnf"]).toEqual({ "x5t#S256": entra.certificate.x5tS256 });
    return { aud: claims["aud"], cnf: { "x5t#S256": "<of the certificate>" } };
  }
  expect(header["x5t#S256"]).toBe(entra.certificate.x5tS256);
  return {
    header: { ...header, "x5t#S256": "<of the certificate>", x5c: "x5c" },
    claims: { ...names(claims), aud: claims["aud"] },
  };
}

function names(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(claims).map((name) => [name, name === "iss" || name === "sub" ? claims[name] : "present"]));
}

function decode(assertion: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = {}, claims = {}] = assertion.split(".", 2).map((part) => JSON.parse(Buffer.from(part, "base64url").toString("utf8")));
  return { header, claims };
}

function nameOf(certificate: BindingCertificate | Buffer | undefined): string | null {
  if (!certificate) return null;
  const x5c = certificate instanceof BindingCertificate ? certificate.x5c[0] : new X509Certificate(certificate).raw.toString("base64");
  return x5c === entra.certificate.x5c[0] ? "the application's" : "another";
}
