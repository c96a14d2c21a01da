import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../src/emulator.js";
import type { IssuedCertificate } from "../../src/pki/issued-certificate.js";
import { jsonOf, postForm, tokenEndpoint } from "../client.js";

const CLIENT_ID = "00000000-0000-0000-0000-00000000000a";
const FORM = { client_id: CLIENT_ID, grant_type: "client_credentials", scope: "https://vault.azure.net/.default", token_type: "mtls_pop" };

describe("flow (1), a bound token for a client certificate", () => {
  let emulator: Emulator;
  let certificate: IssuedCertificate;

  beforeAll(async () => {
    emulator = await startEmulator();
    certificate = await emulator.issueCertificate({ keyType: "EC-P256" });
    emulator.applications.register({ clientId: CLIENT_ID, certificate: certificate.certificatePem });
  });
  afterAll(() => emulator.close());

  it("answers token_type mtls_pop with a token bound to the certificate of the connection", async () => {
    const received = await postForm(emulator, tokenEndpoint(emulator), FORM, { certificate });
    expect(received.status).toBe(200);
    const { token_type, expires_in, access_token } = jsonOf(received);
    expect(token_type).toBe("mtls_pop");
    expect(expires_in).toBe(3599);
    expect(decodeProtectedHeader(String(access_token))).toMatchObject({ alg: "RS256", typ: "JWT" });
    expect(decodeJwt(String(access_token))).toMatchObject({
      aud: "https://vault.azure.net",
      iss: `${emulator.authority}/v2.0`,
      appid: CLIENT_ID,
      azp: CLIENT_ID,
      tid: emulator.tenantId,
      cnf: { "x5t#S256": certificate.x5tS256 },
    });
  });
});
