import { once } from "node:events";
import { createServer } from "node:net";
import { inspect } from "node:util";
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type VaultHost, vaultHost } from "./vault-host.js";

const OTHER_TENANT = "99999999-8888-7777-6666-555555555555";
const DAY_MS = 86_400_000;

let host: VaultHost;
beforeAll(async () => {
  host = await vaultHost({ tenants: [OTHER_TENANT] });
});
afterEach(() => host.reset());
afterAll(() => host.close());

/** The error of the first use. */
const refusal = (over: Parameters<VaultHost["source"]>[0] = {}) =>
  Promise.resolve(host.source(over)()).then(
    () => Promise.reject(new Error("It was expected to fail.")),
    (error: unknown) => error,
  );

describe("the vault's refusal", () => {
  it("of an identity without a role names the role, and where it is assigned", async () => {
    host.anIdentity();
    await host.putNew();
    host.vault.restrictTo(["somebody-else"]);
    expect(await refusal()).toMatchObject({
      code: "key_vault_access_denied",
      kind: "service",
      statusCode: 403,
      retryable: false,
      help: expect.stringMatching(/"Key Vault Certificate User" on the vault "certificates", under Access control \(IAM\)/),
      message: expect.stringContaining("Caller is not authorized"),
    });
  });

  it("of an identity that may read certificates and no secrets names both roles that would do", async () => {
    host.anIdentity();
    await host.putNew();
    host.vault.restrictTo([], "secrets");
    expect(await refusal()).toMatchObject({
      code: "key_vault_access_denied",
      help: expect.stringMatching(/"Key Vault Certificate User" \(or, for the private key, "Key Vault Secrets User"\)/),
    });
  });

  it.each([
    ["firewall", /outbound addresses or its subnet under Networking of the vault "certificates"/],
    ["private-endpoint", /virtual network of the private endpoint of "certificates"/],
  ] as const)("by its network settings, %s, names these and no role", async (network, help) => {
    host.anIdentity();
    await host.putNew();
    host.vault.network = network;
    const error = await refusal();
    expect(error).toMatchObject({ code: "key_vault_access_denied", statusCode: 403, help: expect.stringMatching(help) });
    expect(String(error)).not.toContain("Certificate User");
  });

  it("of an identity of another tenant names the tenants", async () => {
    host.anIdentity({ tenantId: OTHER_TENANT });
    await host.putNew();
    expect(await refusal()).toMatchObject({
      code: "key_vault_access_denied",
      statusCode: 401,
      message: expect.stringContaining("AKV10032"),
      help: expect.stringContaining("of another tenant than the vault"),
    });
  });

  it("of Bearer tokens says that another vault is to be taken", async () => {
    host.anIdentity();
    await host.putNew();
    host.vault.mode = "enforce";
    expect(await refusal()).toMatchObject({
      code: "key_vault_access_denied",
      message: expect.stringContaining("BearerAuthenticationDisabledForKeyVault"),
      help: expect.stringContaining("takes bound tokens alone"),
    });
  });

  it.each([
    [{ name: "nothing" }, 'The certificate "nothing" of https://certificates'],
    [{ version: "0123456789abcdef0123456789abcdef" }, 'The certificate "orders", version 0123456789abcdef0123456789abcdef, of https://'],
  ])("of what it does not have, %j, names it", async (over, words) => {
    host.anIdentity();
    await host.putNew();
    expect(await refusal(over)).toMatchObject({
      code: "certificate_not_found",
      statusCode: 404,
      message: expect.stringContaining(words),
      help: expect.stringContaining("`name` and `version`"),
    });
  });

  it("of a secret that was disabled on its own is the certificate's", async () => {
    host.anIdentity();
    const { secretVersion } = await host.putNew();
    host.vault.secrets.update("orders", secretVersion, { enabled: false });
    expect(await refusal()).toMatchObject({ code: "certificate_disabled", cause: expect.objectContaining({ statusCode: 403 }) });
  });

  it("for longer than a reading may last ends it at once, with that time", async () => {
    host.anIdentity();
    await host.putNew();
    host.emulator.faults.add({ on: "key-vault", kind: "throttle", retryAfterSeconds: 3600 });
    const sendRequest = vi.fn<PipelinePolicy["sendRequest"]>((request, next) => next(request));
    const policy = { name: "own", sendRequest };
    const additionalPolicies = [{ policy, position: "perCall" as const }];
    // with the retries of the SDK as they come
    const error = await refusal({ clientOptions: { disableChallengeResourceVerification: true, additionalPolicies } });
    expect(error).toMatchObject({ code: "key_vault_error", statusCode: 429, retryable: true, retryAfterSeconds: 3600 });
    expect(sendRequest).toHaveBeenCalledTimes(1);
  });

  it("for now is retryable, with its time", async () => {
    host.anIdentity();
    await host.putNew();
    host.emulator.faults.add({ on: "key-vault", kind: "throttle", retryAfterSeconds: 9 });
    expect(await refusal()).toMatchObject({ code: "key_vault_error", statusCode: 429, retryable: true, retryAfterSeconds: 9 });
  });
});

describe("a version that cannot be used", () => {
  it("because it is disabled is refused before its secret is asked for", async () => {
    host.anIdentity();
    const { version } = await host.putNew();
    host.vault.certificates.update("orders", version, { enabled: false });
    host.emulator.forgetRequests();
    expect(await refusal()).toMatchObject({ code: "certificate_disabled", message: expect.stringContaining(`version ${version}`) });
    expect(host.requestsTo("key-vault").filter(({ path }) => path.startsWith("/secrets/"))).toEqual([]);
  });

  it.each([
    ["certificate_expired", { notAfter: new Date(Date.now() - DAY_MS) }, "a pinned `version` hides newer ones"],
    ["certificate_not_yet_valid", { notBefore: new Date(Date.now() + DAY_MS) }, "pin an older `version`"],
  ])("by its time is refused: %s", async (code, wanted, help) => {
    host.anIdentity();
    await host.putNew(wanted);
    expect(await refusal()).toMatchObject({ code, help: expect.stringContaining(help) });
  });

  it("because its key stays in the vault names the policy", async () => {
    host.anIdentity();
    await host.putNew({}, { exportable: false });
    expect(await refusal()).toMatchObject({
      code: "certificate_not_exportable",
      help: expect.stringContaining('"Exportable Private Key" to yes'),
      cause: expect.objectContaining({ code: "certificate_private_key_missing" }),
    });
  });

  it("because it is no PFX is refused as any other is", async () => {
    host.anIdentity();
    await host.putNew({}, { pfx: Buffer.from("no pfx").toString("base64") });
    expect(await refusal()).toMatchObject({
      code: "certificate_malformed",
      message: expect.stringMatching(/^The certificate "orders", version/),
    });
  });
});

describe("the identity's failure", () => {
  it("names the setting that says which identity is meant", async () => {
    host.anIdentity();
    await host.putNew();
    vi.stubEnv("MTLS_POP_MANAGED_IDENTITY_CLIENT_ID", "00000000-1111-2222-3333-444444444444");
    expect(await refusal()).toMatchObject({
      code: "key_vault_credential_failed",
      kind: "client",
      message: expect.stringContaining("User Assigned"),
      help: expect.stringContaining("MTLS_POP_MANAGED_IDENTITY_CLIENT_ID"),
    });
  });

  it("is told of a credential of the caller's own, too", async () => {
    await host.putNew();
    const cause = new TypeError("no such login");
    const credential = { getToken: () => Promise.reject(cause) };
    expect(await refusal({ credential })).toMatchObject({ code: "key_vault_credential_failed", cause });
  });
});

it("a request of a credential's own, which failed, stands in no error", async () => {
  await host.putNew();
  const request = { body: "client_secret=a-secret", headers: { "x-identity-header": "another-secret" } };
  const failed = Object.assign(new Error("no answer"), { name: "RestError", code: "ENOTFOUND", request });
  const error = await refusal({ credential: { getToken: () => Promise.reject(failed) } });
  expect(error).toMatchObject({ code: "key_vault_credential_failed", cause: { message: "no answer", code: "ENOTFOUND" } });
  expect(inspect(error, { depth: 9, showHidden: true, customInspect: false })).not.toMatch(/a-secret|another-secret/);
});

describe("a vault that cannot be reached", () => {
  it("is a network error", async () => {
    host.anIdentity();
    host.emulator.faults.add({ on: "key-vault", kind: "reset" });
    expect(await refusal()).toMatchObject({ code: "network_error", retryable: true, help: expect.stringContaining("DNS") });
  });

  it("whose server nobody vouches for is one, and gets no token", async () => {
    host.anIdentity();
    host.emulator.forgetRequests();
    expect(await refusal({ transport: { lookup: host.emulator.lookup } })).toMatchObject({ code: "network_error" });
    expect(host.requestsTo("app-service")).toEqual([]);
  });

  it("is waited for no longer than `timeoutMs`", async () => {
    host.anIdentity();
    host.emulator.faults.add({ on: "key-vault", kind: "hang" });
    expect(await refusal({ timeoutMs: 50 })).toMatchObject({ code: "timeout", message: expect.stringContaining("50 ms") });
  });

  it("ends a caller's wait when that one leaves, and nobody else's", async () => {
    host.anIdentity();
    host.put(host.issued);
    const application = host.application({ certificate: host.source() });
    host.emulator.faults.add({ on: "key-vault", kind: "latency", delayMs: 200 });
    const leaves = new AbortController();
    const request = { scopes: ["https://vault.azure.net/.default"], mtlsProofOfPossession: true } as const;
    const [left, stayed] = [{ ...request, signal: leaves.signal }, request].map((one) => application.acquireTokenByClientCredential(one));
    const reason = new Error("gone");
    leaves.abort(reason);
    await expect(left).rejects.toBe(reason);
    expect((await stayed)?.tokenType).toBe("mtls_pop");
  });
});

describe("the token of the identity", () => {
  it("goes to no host that is not a vault by its name, unless the caller says so", async () => {
    host.anIdentity();
    await host.putNew();
    host.emulator.forgetRequests();
    expect(await refusal({ clientOptions: { retryOptions: { maxRetries: 0 } } })).toMatchObject({
      code: "key_vault_access_denied",
      message: expect.stringContaining("does not match the requested domain"),
      help: expect.stringContaining("disableChallengeResourceVerification"),
    });
    expect(host.requestsTo("app-service")).toEqual([]);
    expect(host.requestsTo("key-vault").filter(({ headers }) => "authorization" in headers)).toEqual([]);
  });

  it("and the private key stand in no error and no source", async () => {
    host.anIdentity();
    const { issued } = await host.putNew();
    host.vault.restrictTo([], "secrets");
    const error = await refusal();
    // as printers see it that do not ask how an error wants to be shown
    const printed = inspect(error, { depth: 9, showHidden: true, customInspect: false }) + JSON.stringify(error);
    const token = host.requestsTo("key-vault").findLast(({ headers }) => headers["authorization"])?.headers["authorization"];
    expect(token).toMatch(/^Bearer /);
    expect(printed).not.toContain(token?.slice("Bearer ".length));
    host.vault.restrictTo("everyone");
    const source = host.source();
    const shown = inspect([source, await source()], { depth: 9, showHidden: true });
    expect(shown).not.toContain(issued.privateKeyPem.split("\n")[1]);
  });
});

it("a port where nobody listens is told", async () => {
  host.anIdentity();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  server.close();
  await once(server, "close");
  expect(await refusal({ vaultUrl: `https://certificates.vault.emulator.localhost:${port}` })).toMatchObject({ code: "network_error" });
});
