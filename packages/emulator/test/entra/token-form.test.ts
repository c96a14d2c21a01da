import { beforeAll, describe, expect, it } from "vitest";
import { BEARER, BOUND, CLIENT_ID, entraUnderTest, JWT_BEARER } from "./entra-under-test.js";

describe("readTokenForm", () => {
  let test: Awaited<ReturnType<typeof entraUnderTest>>;
  const refused = (form: Readonly<Record<string, string>> | string, headers: Readonly<Record<string, string>> = {}) =>
    test.refusal({ form, headers, certificate: test.certificate });

  beforeAll(async () => {
    test = await entraUnderTest();
  });

  it.each(["client_id", "grant_type", "scope"])("names a missing %s", async (field) => {
    const { body } = await test.ask({ form: { ...BOUND, [field]: "" }, certificate: test.certificate });
    expect(body).toMatchObject({ error: "invalid_request", error_codes: [90014] });
    expect(body["error_description"]).toContain(`The required field '${field}' is missing from the credential.`);
  });

  it.each(Object.entries(BOUND))("refuses %s twice", async (name, value) => {
    expect(await refused(new URLSearchParams([...Object.entries(BOUND), [name, value]]).toString())).toBe(9000411);
  });

  it("reads no field from a body of another type", async () => {
    expect(await refused(BOUND, { "content-type": "application/json" })).toBe(900144);
    expect(await refused(JSON.stringify(BOUND), { "content-type": "text/plain" })).toBe(900144);
  });

  it("takes a charset beside the content type", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
    expect((await test.ask({ headers, certificate: test.certificate })).status).toBe(200);
  });

  it("knows no grant but client_credentials", async () => {
    const { status, body } = await test.ask({ form: { ...BOUND, grant_type: "password" }, certificate: test.certificate });
    expect(status).toBe(400);
    expect(body["error"]).toBe("unsupported_grant_type");
  });

  it.each(["https://vault.azure.net", "https://vault.azure.net/.default openid", "/.default", "User.Read"])(
    "refuses the scope %s",
    async (scope) => expect(await refused({ ...BOUND, scope })).toBe(1002012),
  );

  it("refuses a client secret, beside a certificate as well", async () => {
    const { status, body } = await test.ask({ form: { ...BOUND, client_secret: "hunter2" }, certificate: test.certificate });
    expect(status).toBe(401);
    expect(body).toMatchObject({ error: "invalid_client", error_codes: [7000215] });
  });

  it.each([
    ["req_cnf", "eyJ4NXQjUzI1NiI6IiJ9"],
    ["x5c", "MIIB"],
    ["resource", "https://vault.azure.net"],
    ["token_type", "pop"],
    ["token_type", "MTLS_POP"],
    ["token_type", ""],
    ["claims", "not json"],
    ["claims", "[]"],
  ])("refuses %s=%s", async (name, value) => expect(await refused({ ...BOUND, [name]: value })).toBe(9002313));

  it.each([
    ["client_assertion_type", JWT_BEARER, 90014],
    ["client_assertion", "e30.e30.", 90014],
  ])("misses the other half of a lone %s", async (name, value, code) => {
    expect(await refused({ ...BEARER, [name]: value })).toBe(code);
  });

  it("refuses an assertion of an unknown type", async () => {
    expect(await refused({ ...BEARER, client_assertion: "e30.e30.", client_assertion_type: "urn:example:saml" })).toBe(9002313);
  });

  it("tolerates the telemetry of MSAL libraries and an fmi_path", async () => {
    const form = { ...BOUND, client_info: "2", "x-client-SKU": "msal.js.node", fmi_path: "agent/1" };
    expect((await test.ask({ form, certificate: test.certificate })).status).toBe(200);
  });

  it("REQ-05 takes further parameters from an application that is registered with them", async () => {
    expect(await refused({ ...BOUND, dc: "ESTS-PUB-WUS3" })).toBe(9002313);
    const registered = { certificate: test.certificate.certificatePem, extraBodyParameters: ["dc"] };
    test.entra.applications.register({ clientId: "extra", ...registered });
    const form = { ...BOUND, client_id: "extra", dc: "ESTS-PUB-WUS3" };
    expect((await test.ask({ form, certificate: test.certificate })).status).toBe(200);
  });

  it("finds a client id in any case", async () => {
    const form = { ...BOUND, client_id: CLIENT_ID.toUpperCase() };
    expect((await test.ask({ form, certificate: test.certificate })).status).toBe(200);
  });
});
