import { beforeAll, describe, expect, it } from "vitest";
import type { IssuedCertificate } from "../../src/pki/issued-certificate.js";
import { BEARER, CLIENT_ID, clientAssertion, entraUnderTest, JWT_BEARER, LOGIN_HOST } from "./entra-under-test.js";

describe("verifyClientAssertion", () => {
  let test: Awaited<ReturnType<typeof entraUnderTest>>;
  let certificate: IssuedCertificate;

  const asked = (client_assertion: string) => ({
    form: { ...BEARER, client_assertion, client_assertion_type: JWT_BEARER },
    host: LOGIN_HOST,
  });
  const refused = async (parts: Parameters<typeof clientAssertion>[1]) => test.refusal(asked(await clientAssertion(certificate, parts)));

  beforeAll(async () => {
    test = await entraUnderTest();
    certificate = test.certificate;
  });

  it.each(["RSA-2048", "EC-P256"] as const)("takes one signed with a key of type %s", async (keyType) => {
    const signer = await test.authority.issueCertificate({ keyType });
    expect((await test.ask(asked(await clientAssertion(signer)))).status).toBe(200);
  });

  it("takes ES384, RS256 and a lone x5c string, which MSAL libraries write", async () => {
    const p384 = await test.authority.issueCertificate({ keyType: "EC-P384" });
    const rsa = await test.authority.issueCertificate({ keyType: "RSA-2048" });
    const x5c = certificate.certificateDer.toString("base64");
    expect((await test.ask(asked(await clientAssertion(p384, { header: { alg: "ES384" } })))).status).toBe(200);
    expect((await test.ask(asked(await clientAssertion(rsa, { header: { alg: "RS256" } })))).status).toBe(200);
    expect((await test.ask(asked(await clientAssertion(certificate, { header: { x5c } })))).status).toBe(200);
  });

  it("finds a registered certificate by either thumbprint when there is no x5c", async () => {
    const x5t = Buffer.from(certificate.thumbprint, "hex").toString("base64url");
    const sha256 = await clientAssertion(certificate, { header: { x5c: undefined } });
    const sha1 = await clientAssertion(certificate, { header: { x5c: undefined, "x5t#S256": undefined, x5t } });
    expect((await test.ask(asked(sha256))).status).toBe(200);
    expect((await test.ask(asked(sha1))).status).toBe(200);
  });

  it("finds no successor by its thumbprint alone", async () => {
    const successor = await test.authority.issueCertificate({ keyType: "EC-P256" });
    const assertion = await clientAssertion(successor, { header: { x5c: undefined } });
    expect(await test.refusal(asked(assertion))).toBe(700027);
  });

  it("refuses an x5c that the thumbprint does not name, or that is no certificate", async () => {
    expect(await refused({ header: { "x5t#S256": "AAAA" } })).toBe(700027);
    expect(await refused({ header: { "x5t#S256": undefined } })).toBe(700027);
    expect(await refused({ header: { x5c: ["AAAA"] } })).toBe(50027);
  });

  it("refuses a signature of another key", async () => {
    const other = await test.authority.issueCertificate({ keyType: "EC-P256" });
    const header = { x5c: [certificate.certificateDer.toString("base64")], "x5t#S256": certificate.x5tS256 };
    const { body } = await test.ask(asked(await clientAssertion(other, { header })));
    expect(body).toMatchObject({ error: "invalid_client", error_codes: [700027] });
    expect(body["error_description"]).toContain("Client assertion contains an invalid signature.");
  });

  it("refuses the certificate of a stranger", async () => {
    const stranger = await test.authority.issueCertificate({ subject: "CN=stranger", keyType: "EC-P256" });
    expect(await test.refusal(asked(await clientAssertion(stranger)))).toBe(700027);
  });

  it("refuses an expired certificate", async () => {
    const expired = await test.authority.issueCertificate({ keyType: "EC-P256", notAfter: new Date(Date.now() - 60_000) });
    expect(await test.refusal(asked(await clientAssertion(expired)))).toBe(1000502);
  });

  it("refuses an issuer or subject that is not the client id", async () => {
    expect(await refused({ claims: { iss: "other" } })).toBe(700021);
    expect(await refused({ claims: { sub: "other" } })).toBe(700021);
    expect(await refused({ claims: { sub: undefined } })).toBe(700021);
  });

  it("refuses an audience that is not the endpoint as it was addressed", async () => {
    expect(await refused({ host: "mtlsauth.emulator.localhost" })).toBe(700023);
    expect(await refused({ claims: { aud: `https://${LOGIN_HOST}/` } })).toBe(700023);
  });

  it("refuses one outside its time, or without an end", async () => {
    const seconds = Date.now() / 1000;
    expect(await refused({ claims: { exp: seconds - 3600 } })).toBe(700024);
    expect(await refused({ claims: { nbf: seconds + 3600, exp: seconds + 7200 } })).toBe(700024);
    expect(await refused({ claims: { exp: undefined } })).toBe(700024);
  });

  it("wants a jti, which may come again: msal-node sends one assertion until it expires", async () => {
    const assertion = await clientAssertion(certificate);
    expect((await test.ask(asked(assertion))).status).toBe(200);
    expect((await test.ask(asked(assertion))).status).toBe(200);
    expect(await refused({ claims: { jti: undefined } })).toBe(50027);
  });

  it("refuses what is no JWT, and a header of another type", async () => {
    expect(await test.refusal(asked("nonsense"))).toBe(50027);
    expect(await refused({ header: { typ: "at+jwt" } })).toBe(50027);
  });

  it("refuses an algorithm without a signature", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const header = { alg: "none", typ: "JWT", "x5t#S256": certificate.x5tS256 };
    expect(await test.refusal(asked(`${part(header)}.${part({ iss: CLIENT_ID, sub: CLIENT_ID })}.`))).toBe(700027);
  });
});
