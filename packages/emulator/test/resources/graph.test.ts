import { beforeAll, describe, expect, it } from "vitest";
import type { Emulator } from "../../src/index.js";
import { type BoundCaller, calledEmulator } from "../bound-caller.js";
import type { ClientAnswer, HttpsClient } from "../server/https-client.js";
import { handshakeMessages, listenInBetween } from "../server/tls-wire.js";

const SCOPE = "https://graph.microsoft.com/.default";

let emulator: Emulator;
let caller: BoundCaller;
let token: string;
beforeAll(async () => {
  const started = await calledEmulator();
  ({ emulator, caller } = started);
  token = await caller.token(SCOPE);
  return started.close;
});

function ask(
  authorization: string,
  over: HttpsClient = caller.client(),
  path = "/v1.0/applications",
  method = "GET",
): Promise<ClientAnswer> {
  return over.get(`${emulator.graph.url}${path}`, { method, headers: authorization === "" ? {} : { authorization } });
}

async function expectRefusal(answer: Promise<ClientAnswer>, message: string): Promise<void> {
  const { status, json, headers } = await answer;
  expect(status).toBe(401);
  expect(json()).toMatchObject({ error: { code: "InvalidAuthenticationToken", message } });
  expect(headers["www-authenticate"]).toContain(`authorization_uri="${emulator.authority}/oauth2/v2.0/authorize"`);
}

describe("Graph", () => {
  it("lists the applications to a bound token, over either version of TLS", async () => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const answer = await ask(`mtls_pop ${token}`, caller.client({ maxVersion }));
      expect(answer.json()).toMatchObject({ value: [{ appId: caller.clientId, displayName: caller.clientId }] });
    }
  });

  it("asks for the certificate in the first handshake", async () => {
    const over = caller.client({ maxVersion: "TLSv1.2" });
    await ask(`mtls_pop ${token}`, over);
    expect(over.handshakes()).toBe(1);
    expect(emulator.requests.at(-1)?.clientCertificate).toEqual(caller.certificate.certificateDer);
  });

  it("names no acceptable authorities", async () => {
    const { hostname, port } = new URL(emulator.graph.url);
    const proxy = await listenInBetween(Number(port));
    const over = caller.client({ maxVersion: "TLSv1.2" });
    await over.get(`https://${hostname}:${proxy.port}/`);
    // CertificateRequest ends with the list of authorities and its length (RFC 5246 section 7.4.4)
    const certificateRequest = handshakeMessages(proxy.fromServer()).find(({ type }) => type === 13);
    expect(certificateRequest?.content.subarray(-2)).toEqual(Buffer.from([0, 0]));
    over.close();
    proxy.close();
  });

  it("MtlsMissingClientCertificate: a bound token over a connection without certificate", async () => {
    await expectRefusal(ask(`mtls_pop ${token}`, caller.client({}, "none")), "MtlsMissingClientCertificate");
  });

  it("MtlsCnfClaimRequestDataValidationFailed: a bound token over another certificate, or one that is bound to none", async () => {
    const other = await emulator.issueCertificate({ keyType: "EC-P256" });
    await expectRefusal(ask(`mtls_pop ${token}`, caller.client({}, other)), "MtlsCnfClaimRequestDataValidationFailed");
    const unbound = await caller.token(SCOPE, { confirmed: false });
    await expectRefusal(ask(`mtls_pop ${unbound}`), "MtlsCnfClaimRequestDataValidationFailed");
  });

  it("Cnf claim not supported over Bearer protocol: a bound token as Bearer", async () => {
    await expectRefusal(ask(`Bearer ${token}`), "Cnf claim not supported over Bearer protocol.");
  });

  it("takes an unbound token as Bearer", async () => {
    expect((await ask(`Bearer ${await caller.token(SCOPE, { confirmed: false })}`)).status).toBe(200);
  });

  it("takes no other scheme, and no request without a token", async () => {
    for (const authorization of ["", `pop ${token}`, "mtls_pop"]) await expectRefusal(ask(authorization), "Access token is empty.");
  });

  it("takes no token for another resource, none past its time, and nothing that is no JWT", async () => {
    const vaultToken = await caller.token("https://vault.azure.net/.default");
    await expectRefusal(ask(`mtls_pop ${vaultToken}`), "Access token validation failure. Invalid audience.");
    emulator.faults.add({ on: "token", kind: "expired" });
    await expectRefusal(ask(`mtls_pop ${await caller.token(SCOPE)}`), "Lifetime validation failed, the token is expired.");
    await expectRefusal(ask("mtls_pop nonsense"), "IDX14100: JWT is not well formed.");
  });

  it("has nothing else", async () => {
    expect((await ask(`mtls_pop ${token}`, caller.client(), "/v1.0/%zz")).status).toBe(400);
    expect((await ask(`mtls_pop ${token}`, caller.client(), "/v1.0/applications", "POST")).status).toBe(405);
  });

  it("answers faults in its own words", async () => {
    const over = caller.client();
    emulator.faults.add({ on: "graph", kind: "throttle", retryAfterSeconds: 3 });
    emulator.faults.add({ on: "graph", kind: "unavailable" });
    emulator.faults.add({ on: "graph", kind: "revoked-certificate" });
    const throttled = await ask(`mtls_pop ${token}`, over);
    expect([throttled.status, throttled.headers["retry-after"]]).toEqual([429, "3"]);
    expect((await ask(`mtls_pop ${token}`, over)).json()).toMatchObject({ error: { code: "serviceNotAvailable" } });
    await expectRefusal(ask(`mtls_pop ${token}`, over), "The client certificate has been revoked.");
  });
});
