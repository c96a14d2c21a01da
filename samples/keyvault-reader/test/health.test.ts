import { X509Certificate } from "node:crypto";
import type { ApplicationOptions } from "@mtls-pop/emulator";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
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

  it("says what is wrong with the settings while no token can be had", async () => {
    const host = await sample.host({ AZURE_CLIENT_CERTIFICATE_PATH: "/nowhere/app.pem" });
    const response = await call(host, "health");
    const error = { code: "certificate_unreadable", message: expect.stringContaining("/nowhere/app.pem"), retryable: false };
    expect([response.status, await response.json()]).toEqual([500, { status: "failing", error: expect.objectContaining(error) }]);
  });

  describe("while Entra refuses", () => {
    afterEach(() => {
      sample.emulator.faults.clear();
      register({});
    });

    it.each([
      [51000, { mtlsClientAuthentication: false }, 412, "MtlsClientAuth is/are disabled.", "Ask for its enablement"],
      [392189, { trust: "thumbprint" }, 401, "only Subject Name and Issuer", "Register the certificate by subject name and issuer"],
    ] as const)("says in words what AADSTS%d misses, and logs it", async (number, standing, statusCode, words, help) => {
      register(standing);
      const host = await sample.host();
      const response = await call(host, "health");
      const answer = (await response.json()) as { error: { message: string; help: string } };
      expect([response.status, response.headers.get("cache-control"), answer]).toEqual([
        500,
        "no-store",
        {
          status: "failing",
          error: {
            code: expect.stringMatching(/^invalid_/),
            message: expect.stringContaining(`AADSTS${number}: `),
            help: expect.stringContaining(help),
            aadErrorCodes: [number],
            statusCode,
            correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
            retryable: false,
          },
        },
      ]);
      expect(answer.error.message).toContain(words);
      expect(host.logs.filter(({ level }) => level === "error").map(({ message }) => message)).toEqual([
        expect.stringContaining(`AADSTS${number}: `),
      ]);
    });

    it.each(["certificate", "federated"])("shows neither key nor token of a refused request, for %s", async (credential) => {
      // a managed identity asks once more, with a new certificate
      sample.emulator.faults.add({ on: "token", kind: "entra-error", code: 392189, times: 4 });
      const host = await sample.host(credential === "federated" ? sample.federated : {});
      const text = await (await call(host, "health")).text();
      expect(text).toContain("AADSTS392189");
      for (const secret of ["eyJ", "PRIVATE KEY", "BEGIN CERTIFICATE", sample.certificate.privateKeyPem.split("\n")[1] ?? ""])
        expect(text).not.toContain(secret);
    });

    it("says when to come back where it only has too much to do", async () => {
      sample.emulator.faults.add({ on: "token", kind: "throttle", retryAfterSeconds: 7 });
      const response = await call(await sample.host(), "health");
      expect([response.status, response.headers.get("retry-after"), await response.json()]).toEqual([
        503,
        "7",
        { status: "failing", error: expect.objectContaining({ retryable: true }) },
      ]);
    });

    function register(standing: Pick<ApplicationOptions, "mtlsClientAuthentication" | "trust">): void {
      const { clientId, certificate } = sample;
      sample.emulator.applications.register({ clientId, certificate: certificate.certificatePem, ...standing });
    }
  });
});
