import { createPublicKey, generateKeyPairSync, randomUUID, X509Certificate } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../src/index.js";
import { askHttp, type HttpAnswer } from "../http-client.js";
import { clientOf } from "../token-request.js";
import { buildCertificateRequest, sharedKey } from "./certificate-request-builder.js";
import { askImds, type Credential, issueCredential, platformMetadata } from "./machine-client.js";

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
beforeEach(() => {
  emulator.faults.clear();
  emulator.managedIdentities.attestation = "optional";
});
afterAll(() => emulator.close());

const V2 = { "cred-api-version": "2.0" };
const certificateOf = ({ body }: HttpAnswer): X509Certificate =>
  new X509Certificate(Buffer.from((body as Credential).certificate, "base64"));
const refused = (error_description: string) => ({ status: 400, body: { error: "invalid_request", error_description } });
const send = (body: unknown): Promise<HttpAnswer> => askImds(emulator, "issuecredential", V2, body);

async function request(): Promise<string> {
  return buildCertificateRequest({ ...(await platformMetadata(emulator)), key: sharedKey() });
}

/** A token of the attestation service, over its own name and TLS. */
async function attest(key = sharedKey(), by = emulator): Promise<string> {
  const client = clientOf(by);
  const publicKey = createPublicKey(key).export({ format: "jwk" });
  const answer = await client.get(`${by.attestation.url}/attest/keyguard`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ publicKey, clientId: "somebody" }),
  });
  client.close();
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  return (answer.json() as { token: string }).token;
}

describe("issuecredential", () => {
  it("answers a certificate for the key of the request, of the machine's own identity", async () => {
    const answer = await issueCredential(emulator);
    const { clientId, tenantId } = emulator.managedIdentities.systemAssigned;
    expect(answer).toMatchObject({
      status: 200,
      body: {
        client_id: clientId,
        tenant_id: tenantId,
        identity_type: "SystemAssigned",
        mtls_authentication_endpoint: `https://mtlsauth.emulator.localhost:${new URL(emulator.authority).port}`,
      },
    });
    const certificate = certificateOf(answer);
    expect(certificate.checkPrivateKey(sharedKey())).toBe(true);
    expect(certificate.subject).toBe(`DC=${tenantId}\nCN=${clientId}`);
    expect(certificate.issuer).toBe("CN=Emulator Managed Identity");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  });

  it("MI-04 answers one of its own for each kind of user-assigned identity", async () => {
    const { clientId, objectId, resourceId } = emulator.managedIdentities.register();
    for (const query of [{ client_id: clientId }, { object_id: objectId }, { mi_res_id: resourceId }]) {
      const answer = await issueCredential(emulator, { query });
      expect(answer.body).toMatchObject({ client_id: clientId, identity_type: "UserAssigned" });
      expect(certificateOf(answer).subject).toContain(`CN=${clientId}`);
    }
  });

  it("lets a certificate live for a week, or as long as a test wants", async () => {
    const { managedIdentities } = emulator;
    const week = certificateOf(await issueCredential(emulator));
    expect(Date.parse(week.validTo) - Date.parse(week.validFrom)).toBe(604_800_000);
    managedIdentities.certificateLifeSeconds = 90;
    const short = certificateOf(await issueCredential(emulator));
    expect(Date.parse(short.validTo) - Date.parse(short.validFrom)).toBe(90_000);
    managedIdentities.certificateLifeSeconds = 604_800;
  });

  it("MI-02 refuses a certificate request that is not as it should be, and says what of it", async () => {
    expect(await issueCredential(emulator, { tenantId: "contoso" })).toMatchObject(
      refused(`The certificate signing request is not valid: DC is "contoso", not "${emulator.tenantId}".`),
    );
    expect(await issueCredential(emulator, { pss: { salt: 20 } })).toMatchObject(
      refused("The certificate signing request is not valid: PSS's salt length is 20, not 32."),
    );
  });

  it("refuses a certificate request of another identity than the query names", async () => {
    const { clientId } = emulator.managedIdentities.register();
    const csr = await request();
    expect(await askImds(emulator, "issuecredential", { ...V2, client_id: clientId }, { csr })).toMatchObject({
      status: 400,
      body: {
        error_description: expect.stringContaining(`CN is "${emulator.managedIdentities.systemAssigned.clientId}", not "${clientId}"`),
      },
    });
  });

  it.each<[unknown, string]>([
    [[], "The body of the issue credential request is not a JSON object"],
    [{}, "CSR is missing / empty in the issue credential request"],
    [{ csr: "" }, "CSR is missing / empty in the issue credential request"],
    [{ csr: 1 }, "CSR is missing / empty in the issue credential request"],
    [{ csr: "AA==", attestationToken: "x" }, "The issue credential request has no member 'attestationToken'"],
    [{ csr: "AA==", attestation_token: 1 }, "The attestation token in the issue credential request is not a string"],
  ])("refuses the body %j", async (body, message) => {
    expect(await send(body)).toMatchObject(refused(message));
  });

  it.each(["text/plain", "application/json; charset=latin1", "application/jsonp"])("refuses the content type %s", async (type) => {
    const headers = { metadata: "true", "x-ms-client-request-id": randomUUID(), "content-type": type };
    const path = `/metadata/identity/issuecredential?${new URLSearchParams(V2)}`;
    expect((await askHttp(emulator.instanceMetadata.url, path, { method: "POST", headers, text: "{}" })).status).toBe(415);
  });

  it("refuses what is no JSON, GET, and what getplatformmetadata refuses as well", async () => {
    const headers = { metadata: "true", "x-ms-client-request-id": randomUUID(), "content-type": "application/json; charset=utf-8" };
    const path = `/metadata/identity/issuecredential?${new URLSearchParams(V2)}`;
    expect(await askHttp(emulator.instanceMetadata.url, path, { method: "POST", headers, text: "{" })).toMatchObject(
      refused("The body of the issue credential request is not a JSON object"),
    );
    expect((await askHttp(emulator.instanceMetadata.url, path, { headers })).status).toBe(405);
    expect(await askImds(emulator, "issuecredential", {}, {})).toMatchObject(refused("The cred-api-version '' is not 2.0"));
    expect(await askImds(emulator, "issuecredential", { ...V2, msi_res_id: "x" }, {})).toMatchObject({ status: 400 });
  });
});

describe("attestation", () => {
  const missing = refused("Attestation Token is missing / empty in the issue credential request");
  const invalid = (detail: string) => refused(`The attestation token in the issue credential request is not valid: ${detail}`);

  it("MI-08 is refused where it is missing and required, in IMDS's words, and where it is empty in any case", async () => {
    expect(await issueCredential(emulator, { attestationToken: "" })).toMatchObject(missing);
    emulator.managedIdentities.attestation = "required";
    expect(await issueCredential(emulator)).toMatchObject(missing);
    expect(await issueCredential(emulator, { attestationToken: "" })).toMatchObject(missing);
  });

  it.each(["required", "optional"] as const)("MI-07 is taken from the attestation service where it is %s", async (attestation) => {
    emulator.managedIdentities.attestation = attestation;
    expect((await issueCredential(emulator, { attestationToken: await attest() })).status).toBe(200);
  });

  it("MI-07 is refused for another key", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    expect(await issueCredential(emulator, { attestationToken: await attest(privateKey) })).toMatchObject(
      invalid("it attests another key than the one of the certificate signing request"),
    );
  });

  it("MI-07 is refused when it has expired", async () => {
    emulator.attestation.tokenLifeSeconds = -1;
    const attestationToken = await attest();
    emulator.attestation.tokenLifeSeconds = 28_800;
    expect(await issueCredential(emulator, { attestationToken })).toMatchObject(invalid("it has expired"));
  });

  it("MI-07 is refused when it is no JWT, or somebody else's", async () => {
    expect(await issueCredential(emulator, { attestationToken: "nonsense" })).toMatchObject(invalid("Invalid Compact JWS"));
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = createPublicKey(sharedKey()).export({ format: "jwk" });
    const forged = await new SignJWT({ "x-ms-runtime": { keys: [jwk] } })
      .setProtectedHeader({ alg: "ES256" })
      .setIssuer(emulator.attestation.url)
      .setExpirationTime("1h")
      .sign(privateKey);
    expect(await issueCredential(emulator, { attestationToken: forged })).toMatchObject(invalid("signature verification failed"));
    await using other = await startEmulator();
    const elsewhere = await attest(sharedKey(), other);
    expect((await issueCredential(emulator, { attestationToken: elsewhere })).status).toBe(400);
  });
});

describe("faults of issuecredential", () => {
  it("MI-03 are certificates of another key, another client id, another endpoint, met there alone", async () => {
    emulator.faults.add({ on: "instance-metadata", kind: "wrong-key" });
    const wrongKey = await issueCredential(emulator);
    expect(certificateOf(wrongKey).checkPrivateKey(sharedKey())).toBe(false);
    emulator.faults.add({ on: "instance-metadata", kind: "wrong-client-id" });
    const { body } = await issueCredential(emulator);
    expect(body).toMatchObject({ client_id: expect.not.stringMatching(emulator.managedIdentities.systemAssigned.clientId) });
    emulator.faults.add({ on: "instance-metadata", kind: "wrong-endpoint", endpoint: "http://mtlsauth.evil.example" });
    expect((await issueCredential(emulator)).body).toMatchObject({ mtls_authentication_endpoint: "http://mtlsauth.evil.example" });
    expect(certificateOf(await issueCredential(emulator)).checkPrivateKey(sharedKey())).toBe(true);
  });
});
