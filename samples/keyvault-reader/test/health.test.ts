import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, type DeployedSample, deployedSample } from "./deployed-sample.js";

let sample: DeployedSample;

beforeAll(async () => {
  sample = await deployedSample();
});

afterAll(() => sample.close());

const ENDPOINT = /^https:\/\/mtlsauth\.emulator\.localhost:\d+\/.*\/oauth2\/v2\.0\/token$/;

describe("GET /api/health", () => {
  it("tells the state of certificate and token, and nothing else", async () => {
    const host = await sample.host();
    await call(host, "secrets/my-secret");
    const { thumbprint, notAfter } = sample.certificate;
    const response = await call(host, "health");
    expect([response.status, response.headers.get("cache-control"), await response.json()]).toEqual([
      200,
      "no-store",
      {
        status: "ok",
        certificate: {
          subject: expect.stringContaining("CN="),
          issuer: "CN=Emulator Root",
          thumbprint,
          notAfter: notAfter.toISOString(),
        },
        token: {
          tokenType: "mtls_pop",
          expiresOn: expect.stringMatching(/^\d{4}-/),
          source: "Cache",
          endpoint: expect.stringMatching(ENDPOINT),
        },
      },
    ]);
  });

  it("tells the state of both legs where there are two: one certificate, a token each", async () => {
    const host = await sample.host(sample.federated);
    await call(host, "secrets/my-secret");
    const response = await call(host, "health");
    const leaf = new X509Certificate(sample.tokenRequests()[0]?.clientCertificate ?? "");
    const certificate = {
      subject: expect.stringMatching(/^CN=.+, DC=.+$/),
      issuer: "CN=Emulator Managed Identity",
      thumbprint: leaf.fingerprint.replaceAll(":", ""),
      notAfter: new Date(leaf.validTo).toISOString(),
    };
    const endpoint = expect.stringMatching(ENDPOINT);
    const token = { tokenType: "mtls_pop", expiresOn: expect.stringMatching(/^\d{4}-/), source: "Cache", endpoint };
    expect([response.status, await response.json()]).toEqual([200, { status: "ok", certificate, token, leg1: { certificate, token } }]);
    expect(sample.tokenRequests()).toHaveLength(2);
  });

  it.each(["certificate", "federated"])("shows neither token nor key, for %s", async (credential) => {
    const host = await sample.host(credential === "federated" ? sample.federated : {});
    await call(host, "secrets/my-secret");
    const text = await (await call(host, "health")).text();
    const token = sample.vaultRequests().at(-1)?.headers["authorization"]?.split(" ")[1] ?? "";
    const assertion = sample.tokenRequests().at(-1)?.form?.["client_assertion"] ?? token;
    expect(token.length).toBeGreaterThan(100);
    for (const secret of [token, assertion, "eyJ", "PRIVATE KEY", sample.certificate.privateKeyPem.split("\n")[1] ?? ""])
      expect(text).not.toContain(secret);
  });

  it("answers 401 without a key", async () => {
    const host = await sample.host();
    expect((await fetch(`${host.url}/api/health`)).status).toBe(401);
  });

  it("answers with an error's code while no token can be had", async () => {
    const host = await sample.host({ AZURE_CLIENT_CERTIFICATE_PATH: "/nowhere/app.pem" });
    const response = await call(host, "health");
    expect([response.status, await response.json()]).toEqual([500, { error: expect.objectContaining({ code: "certificate_unreadable" }) }]);
  });
});
