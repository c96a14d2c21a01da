import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import type { IssuedCertificate } from "../../src/pki/issued-certificate.js";
import { BEARER, BOUND, CLIENT_ID, clientAssertion, entraUnderTest, JWT_BEARER, LOGIN_HOST, MTLS_HOST } from "./entra-under-test.js";

type Under = Awaited<ReturnType<typeof entraUnderTest>>;

describe("authenticateClient", () => {
  let test: Under;
  let certificate: IssuedCertificate;

  beforeAll(async () => {
    test = await entraUnderTest();
    certificate = test.certificate;
  });

  const claimsOf = (body: Readonly<Record<string, unknown>>) => decodeJwt(String(body["access_token"]));

  describe("flow (1), a bound token", () => {
    it("CFG-01 binds the token to the certificate of the connection", async () => {
      const { status, body } = await test.ask({ certificate });
      expect(status).toBe(200);
      expect(body["token_type"]).toBe("mtls_pop");
      expect(claimsOf(body)["cnf"]).toEqual({ "x5t#S256": certificate.x5tS256 });
    });

    it("refuses a connection without certificate", async () => {
      const { status, body } = await test.ask();
      expect(status).toBe(400);
      expect(body["error_description"]).toMatch(/^AADSTS392200: Client certificate is missing from the request\./);
    });

    it("refuses a certificate that is not registered", async () => {
      const { status, body } = await test.ask({
        certificate: await test.authority.issueCertificate({ subject: "CN=other", keyType: "EC-P256" }),
      });
      expect(status).toBe(401);
      expect(body).toMatchObject({ error: "invalid_client", error_codes: [700027] });
    });

    it("takes a successor of the same subject and issuer", async () => {
      const successor = await test.authority.issueCertificate({ keyType: "EC-P384" });
      const { body } = await test.ask({ certificate: successor });
      expect(claimsOf(body)["cnf"]).toEqual({ "x5t#S256": successor.x5tS256 });
    });

    it("takes no certificate of the right subject from another authority", async () => {
      const stranger = await (await entraUnderTest()).authority.issueCertificate({ keyType: "EC-P256" });
      expect(await test.refusal({ certificate: stranger })).toBe(700027);
    });

    it("refuses an application that is not trusted by subject name and issuer", async () => {
      test.entra.applications.register({ clientId: "pinned", certificate: certificate.certificatePem, trust: "thumbprint" });
      expect(await test.refusal({ form: { ...BOUND, client_id: "pinned" }, certificate })).toBe(392189);
    });

    it("refuses an application without mTLS client authentication", async () => {
      test.entra.applications.register({ clientId: "off", certificate: certificate.certificatePem, mtlsClientAuthentication: false });
      const { status, body } = await test.ask({ form: { ...BOUND, client_id: "off" }, certificate });
      expect(status).toBe(412);
      expect(body["error_description"]).toMatch(/^AADSTS51000: MtlsClientAuth is\/are disabled\./);
    });

    it("refuses certificates outside their time, told apart", async () => {
      const expired = await test.authority.issueCertificate({ keyType: "EC-P256", notAfter: new Date(Date.now() - 60_000) });
      const early = await test.authority.issueCertificate({ keyType: "EC-P256", notBefore: new Date(Date.now() + 60_000) });
      expect(await test.refusal({ certificate: expired })).toBe(392204);
      expect(await test.refusal({ certificate: early })).toBe(1000502);
    });

    it("refuses a revoked certificate", async () => {
      const revoked = await test.authority.issueCertificate({ keyType: "EC-P256" });
      test.authority.revoke(revoked.certificatePem);
      expect(await test.refusal({ certificate: revoked })).toBe(7000214);
    });

    it("refuses an assertion beside the certificate", async () => {
      const client_assertion = await clientAssertion(certificate, { host: MTLS_HOST });
      const form = { ...BOUND, client_assertion, client_assertion_type: JWT_BEARER };
      expect(await test.refusal({ form, certificate })).toBe(9002313);
    });

    it("issues no bound token for a resource that takes none", async () => {
      const { body } = await test.ask({ form: { ...BOUND, scope: "https://management.azure.com//.default" }, certificate });
      expect(body).toMatchObject({ error: "invalid_resource", error_codes: [392196] });
    });

    it("issues none at the login host, certificate or not", async () => {
      expect(await test.refusal({ host: LOGIN_HOST, certificate })).toBe(9002313);
      expect(await test.refusal({ host: LOGIN_HOST })).toBe(9002313);
    });

    it("IDP-01 issues one at a dSTS host, under its own path alone", async () => {
      const dsts = { host: "dsts.emulator.localhost", certificate };
      const path = `/dstsv2/${"11111111-2222-3333-4444-555555555555"}/oauth2/v2.0/token`;
      expect((await test.ask({ ...dsts, path })).body["token_type"]).toBe("mtls_pop");
      expect((await test.ask(dsts)).status).toBe(404);
      expect((await test.ask({ certificate, path })).status).toBe(404);
    });
  });

  describe("flow (2), a Bearer token over mTLS", () => {
    const overMtls = async (signer: IssuedCertificate, shown: IssuedCertificate | undefined = signer) => ({
      form: { ...BEARER, client_assertion: await clientAssertion(signer, { host: MTLS_HOST }), client_assertion_type: JWT_BEARER },
      certificate: shown,
    });

    it("answers a Bearer token without confirmation", async () => {
      const { body } = await test.ask(await overMtls(certificate));
      expect(body["token_type"]).toBe("Bearer");
      expect(claimsOf(body)).not.toHaveProperty("cnf");
    });

    it("wants the assertion as well as the certificate", async () => {
      expect(await test.refusal({ form: BEARER, certificate })).toBe(7000218);
      expect(await test.refusal({ ...(await overMtls(certificate)), certificate: undefined })).toBe(392200);
    });

    it("wants the assertion to be signed with the certificate of the connection", async () => {
      const successor = await test.authority.issueCertificate({ keyType: "EC-P256" });
      expect(await test.refusal(await overMtls(successor, certificate))).toBe(500181);
    });
  });

  describe("the classic flow", () => {
    it("SNI-01 answers a Bearer token for a signed assertion, without a certificate", async () => {
      const form = { ...BEARER, client_assertion: await clientAssertion(certificate), client_assertion_type: JWT_BEARER };
      const { body } = await test.ask({ form, host: LOGIN_HOST });
      expect(body["token_type"]).toBe("Bearer");
      expect(claimsOf(body)).not.toHaveProperty("cnf");
      expect(claimsOf(body)["appid"]).toBe(CLIENT_ID);
    });

    it("takes no certificate of a connection in place of the assertion", async () => {
      expect(await test.refusal({ form: BEARER, host: LOGIN_HOST, certificate })).toBe(7000218);
    });

    it("takes an application that is trusted by thumbprint, and not one that is public", async () => {
      const assertion = (clientId: string) => clientAssertion(certificate, { claims: { iss: clientId, sub: clientId } });
      const ask = async (client_id: string) =>
        test.ask({
          form: { ...BEARER, client_id, client_assertion: await assertion(client_id), client_assertion_type: JWT_BEARER },
          host: LOGIN_HOST,
        });
      test.entra.applications.register({ clientId: "by-thumbprint", certificate: certificate.certificatePem, trust: "thumbprint" });
      test.entra.applications.register({ clientId: "public", publicClient: true });
      expect((await ask("by-thumbprint")).status).toBe(200);
      expect((await ask("public")).body["error_codes"]).toEqual([700025]);
    });
  });
});
