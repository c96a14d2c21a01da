import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import type { IssuedCertificate } from "../../src/pki/issued-certificate.js";
import {
  BEARER,
  BOUND,
  CLIENT_ID,
  clientAssertion,
  entraUnderTest,
  JWT_BEARER,
  JWT_POP,
  LOGIN_HOST,
  MTLS_HOST,
} from "./entra-under-test.js";

const EXCHANGE = "api://AzureADTokenExchange/.default";

describe("flows (4) and (5), a leg-1 token as assertion", () => {
  let test: Awaited<ReturnType<typeof entraUnderTest>>;
  let certificate: IssuedCertificate;
  let legOne: string;

  const legTwo = (client_assertion: string, fields: object = { token_type: "mtls_pop" }) => ({
    ...BEARER,
    client_id: "leg-two",
    client_assertion,
    client_assertion_type: JWT_POP,
    ...fields,
  });
  const tokenOf = async (asked: Parameters<typeof test.ask>[0]) => String((await test.ask(asked)).body["access_token"]);

  beforeAll(async () => {
    test = await entraUnderTest();
    certificate = test.certificate;
    test.entra.applications.register({ clientId: "leg-two", trust: "thumbprint" });
    legOne = await tokenOf({ form: { ...BOUND, scope: EXCHANGE }, certificate });
  });

  it("REQ-03 answers a bound token of the second application, bound to the leg-1 certificate", async () => {
    const { status, body } = await test.ask({ form: legTwo(legOne), certificate });
    expect(status).toBe(200);
    expect(body["token_type"]).toBe("mtls_pop");
    expect(decodeJwt(String(body["access_token"]))).toMatchObject({ appid: "leg-two", cnf: { "x5t#S256": certificate.x5tS256 } });
  });

  it("answers a Bearer token without token_type", async () => {
    const { body } = await test.ask({ form: legTwo(legOne, {}), certificate });
    expect(body["token_type"]).toBe("Bearer");
    expect(decodeJwt(String(body["access_token"]))).not.toHaveProperty("cnf");
  });

  it("FIC-08 refuses another certificate than the assertion's", async () => {
    const other = await test.authority.issueCertificate({ keyType: "EC-P256" });
    const { body } = await test.ask({ form: legTwo(legOne), certificate: other });
    expect(body["error_description"]).toMatch(
      /^AADSTS500181: The TLS certificate provided does not match the certificate in the assertion\./,
    );
  });

  it("refuses a leg-1 token that is bound to nothing", async () => {
    const client_assertion = await clientAssertion(certificate, { host: MTLS_HOST });
    const bearer = await tokenOf({
      form: { ...BEARER, scope: EXCHANGE, client_assertion, client_assertion_type: JWT_BEARER },
      certificate,
    });
    expect(await test.refusal({ form: legTwo(bearer), certificate })).toBe(500181);
  });

  it("refuses a token for another audience, of another issuer, or that nobody signed", async () => {
    const forVault = await tokenOf({ certificate });
    const own = await clientAssertion(certificate, { host: MTLS_HOST });
    expect(await test.refusal({ form: legTwo(forVault), certificate })).toBe(700212);
    expect(await test.refusal({ form: legTwo(own), certificate })).toBe(700027);
    expect(await test.refusal({ form: legTwo("nonsense"), certificate })).toBe(700027);
  });

  it("refuses an expired leg-1 token", async () => {
    const fault = { on: "token", kind: "expired" } as const;
    const expired = await tokenOf({ form: { ...BOUND, scope: EXCHANGE }, certificate, fault });
    expect(await test.refusal({ form: legTwo(expired), certificate })).toBe(700024);
  });

  it("refuses a subject that the application does not federate with", async () => {
    const legOneApplication = test.entra.applications.get(CLIENT_ID);
    test.entra.applications.register({ clientId: "choosy", federatedSubjects: ["somebody-else"] });
    expect(await test.refusal({ form: legTwo(legOne, { client_id: "choosy" }), certificate })).toBe(700213);
    test.entra.applications.register({ clientId: "choosy", federatedSubjects: [String(legOneApplication?.objectId)] });
    expect((await test.ask({ form: legTwo(legOne, { client_id: "choosy" }), certificate })).status).toBe(200);
  });

  it("refuses jwt-pop without certificate and at the login host", async () => {
    expect(await test.refusal({ form: legTwo(legOne) })).toBe(392200);
    expect(await test.refusal({ form: legTwo(legOne, {}), host: LOGIN_HOST, certificate })).toBe(9002313);
  });

  it("refuses a bound leg-1 token as jwt-bearer, with invalid_client", async () => {
    const form = legTwo(legOne, { client_assertion_type: JWT_BEARER });
    const { status, body } = await test.ask({ form, host: LOGIN_HOST });
    expect(status).toBe(401);
    expect(body["error"]).toBe("invalid_client");
  });

  it("takes a leg-1 Bearer token as jwt-bearer at the login host", async () => {
    const client_assertion = await clientAssertion(certificate);
    const classic = { ...BEARER, scope: EXCHANGE, client_assertion, client_assertion_type: JWT_BEARER };
    const bearer = await tokenOf({ form: classic, host: LOGIN_HOST });
    const { body } = await test.ask({ form: legTwo(bearer, { client_assertion_type: JWT_BEARER }), host: LOGIN_HOST });
    expect(body["token_type"]).toBe("Bearer");
  });
});
