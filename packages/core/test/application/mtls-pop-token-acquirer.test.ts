import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MtlsPopTokenAcquirer } from "../../src/application/mtls-pop-token-acquirer.js";
import { emulated, VAULT_SCOPE } from "../emulated.js";

const scopes = [VAULT_SCOPE];
let entra: Awaited<ReturnType<typeof emulated>>;
beforeAll(async () => {
  entra = await emulated();
});
afterAll(() => entra.close());

describe("MtlsPopTokenAcquirer", () => {
  it("makes an application of its options, and acquires bound tokens alone", async () => {
    const acquirer = new MtlsPopTokenAcquirer({
      clientId: entra.clientId,
      authority: entra.emulator.authority,
      knownAuthorities: [entra.host],
      certificate: entra.certificate,
      transport: entra.transport,
    });
    const result = await acquirer.acquireToken({ scopes });
    expect(result).toMatchObject({ tokenType: "mtls_pop", bindingCertificate: entra.certificate });
    expect((await acquirer.acquireBoundToken({ scopes })).metadata.tokenSource).toBe("Cache");
    const weaker = { scopes, mtlsProofOfPossession: false };
    expect((await acquirer.acquireToken(weaker)).tokenType).toBe("mtls_pop");
  });

  it("shares an application's cache and certificate", async () => {
    const application = entra.application();
    const first = await application.acquireBoundToken({ scopes });
    const acquirer = new MtlsPopTokenAcquirer(application);
    expect((await acquirer.acquireToken({ scopes })).accessToken).toBe(first.accessToken);
    expect(acquirer.bindingCertificate()).toBe(entra.certificate);
  });

  it("passes correlation id, claims and signal on", async () => {
    const acquirer = new MtlsPopTokenAcquirer(entra.application());
    const correlationId = "c0ffee00-0000-4000-8000-000000000000";
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
    expect((await acquirer.acquireToken({ scopes, correlationId, claims })).correlationId).toBe(correlationId);
    expect(entra.tokenRequests().at(-1)).toMatchObject({ form: { claims }, headers: { "client-request-id": correlationId } });
    await expect(acquirer.acquireToken({ scopes, signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
  });

  it("is refused with an application that acquires nothing", () => {
    expect(() => new MtlsPopTokenAcquirer({ acquireBoundToken: 7 } as never)).toThrow(expect.objectContaining({ code: "invalid_options" }));
  });
});

describe("what an application tells its logger", () => {
  it("holds no token, no assertion and no key", async () => {
    const told: string[] = [];
    const tell = (message: string) => told.push(message);
    const application = entra.application({ logger: { debug: tell, info: tell, warn: tell, error: tell }, sendCertificateOverMtls: true });
    const tokens = [await application.acquireBoundToken({ scopes }), await application.acquireTokenByClientCredential({ scopes })];
    entra.emulator.faults.add({ on: "token", kind: "downgrade" });
    const error = await application
      .acquireTokenByClientCredential({ scopes, mtlsProofOfPossession: true, skipCache: true })
      .catch((reason) => reason);
    const assertion = entra.tokenRequests().flatMap(({ form }) => form?.["client_assertion"] ?? []);
    expect(assertion.length).toBeGreaterThan(0);
    const said = told.join("\n") + inspect(error, { depth: 9, showHidden: true }) + inspect(application, { depth: 9, showHidden: true });
    expect(told.length).toBeGreaterThan(1);
    const [, ...keyLines] = entra.issued.privateKeyPem.trim().split("\n").slice(0, -1);
    for (const secret of [...tokens.map(({ accessToken }) => accessToken), ...assertion, ...keyLines]) expect(said).not.toContain(secret);
  });
});
