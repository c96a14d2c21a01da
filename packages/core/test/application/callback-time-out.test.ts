import { createPrivateKey } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RegionDetector } from "../../src/authority/region-detector.js";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { exportableKey } from "../../src/certificate/exportable-key.js";
import { inChild } from "../child.js";
import { emulated, VAULT_SCOPE } from "../emulated.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
const never = new Promise<never>(() => {});
const credentialTimeoutMs = 10;
let entra: Awaited<ReturnType<typeof emulated>>;
beforeAll(async () => {
  entra = await emulated();
});
afterAll(() => entra.close());

/** What `run` is refused with, and that nothing was sent. */
async function refusalOf(run: () => Promise<unknown> | unknown) {
  const before = entra.tokenRequests().length;
  const error: unknown = await Promise.resolve(run()).then(
    () => expect.unreachable("it was expected to be refused"),
    (reason: unknown) => reason,
  );
  expect(entra.tokenRequests()).toHaveLength(before);
  return error;
}

describe("a callback that never settles", () => {
  it("ends the call, when it is the `certificate` function, and the next call asks it again", async () => {
    let hangs = true;
    const application = entra.application({ credentialTimeoutMs, certificate: () => (hangs ? never : Promise.resolve(entra.certificate)) });
    const expected = {
      code: "timeout",
      retryable: true,
      message: expect.stringMatching(/`certificate`.*10 ms/),
      help: expect.stringContaining("`credentialTimeoutMs`"),
    };
    expect(await refusalOf(() => application.acquireTokenByClientCredential(bound))).toMatchObject(expected);
    expect(await refusalOf(() => application.bindingCertificate())).toMatchObject(expected);
    hangs = false;
    expect((await application.acquireTokenByClientCredential(bound)).tokenType).toBe("mtls_pop");
  });

  it("ends the call of everyone who waited, when it is `clientAssertion`", async () => {
    let asked = 0;
    const clientAssertion = () => {
      asked++;
      return never;
    };
    const application = entra.application({ credentialTimeoutMs, certificate: undefined, clientAssertion } as never);
    const errors = await Promise.all(
      [1, 2, 3].map(() => refusalOf(() => application.acquireTokenByClientCredential({ scopes: [VAULT_SCOPE] }))),
    );
    for (const error of errors) {
      expect(error).toMatchObject({ code: "timeout", message: expect.stringMatching(/`clientAssertion`.*10 ms/) });
    }
    expect(asked).toBe(1);
  });

  it("ends the call, when it is `clientAssertion` and waits for a token of its own application", async () => {
    let asked = 0;
    const clientAssertion = () => {
      asked++;
      return application.acquireTokenByClientCredential({ scopes: [VAULT_SCOPE] });
    };
    const application = entra.application({ credentialTimeoutMs, certificate: undefined, clientAssertion } as never);
    const error = await refusalOf(() => application.acquireTokenByClientCredential({ scopes: [VAULT_SCOPE] }));
    expect(error).toMatchObject({ code: "timeout", message: expect.stringContaining("`clientAssertion`") });
    expect(asked).toBe(1);
  });

  it("ends the call, when it is the key that signs, and is not taken for a region that is down", async () => {
    const hanging = {
      ...exportableKey(createPrivateKey(entra.issued.privateKeyPem)),
      sign: () => never,
    };
    const certificate = await BindingCertificate.fromBindingKey({ certificate: entra.issued.chainPem, key: hanging });
    const warnings: string[] = [];
    const application = entra.application({
      credentialTimeoutMs,
      certificate,
      azureRegion: "auto",
      regionDetector: new RegionDetector({ env: { REGION_NAME: "westus3" } }),
      logger: { warn: (message) => warnings.push(message) },
    });
    const error = await refusalOf(() => application.acquireTokenByClientCredential({ scopes: [VAULT_SCOPE] }));
    expect(error).toMatchObject({ code: "timeout", message: expect.stringContaining("signed no assertion") });
    expect(warnings).toEqual([]);
  });

  it("lets a caller leave before its time is over", async () => {
    const controller = new AbortController();
    const application = entra.application({ certificate: () => never });
    const wait = application.acquireTokenByClientCredential({ ...bound, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
  });

  it("keeps no process alive", async () => {
    const outcome = await inChild(
      `import { ConfidentialClientApplication } from "../src/application/confidential-client-application.ts";
       const certificate = () => new Promise(() => {});
       const application = new ConfidentialClientApplication({ clientId: "a", tenantId: "contoso.example", certificate });
       application.acquireTokenByClientCredential({ scopes: ["https://vault.azure.net/.default"] });
       const startedMs = performance.now();
       process.on("exit", () => console.log(performance.now() - startedMs < 29_000));`,
      {},
    );
    expect(outcome).toBe(true);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, "30000"])("has no limit of %j", (value) => {
    expect(() => entra.application({ credentialTimeoutMs: value as never })).toThrow(
      expect.objectContaining({ code: "invalid_options", message: expect.stringContaining("`credentialTimeoutMs`") }),
    );
  });
});
