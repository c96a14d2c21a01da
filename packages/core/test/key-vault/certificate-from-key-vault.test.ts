import forge from "node-forge";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import type { CertificateFromKeyVaultOptions } from "../../src/key-vault/index.js";
import { certificateFromKeyVault } from "../../src/key-vault/index.js";
import { createPopFetch } from "../../src/resource/pop-fetch.js";
import { VAULT_SCOPE } from "../emulated.js";
import { thrown } from "../thrown.js";
import { timersOf } from "../timers.js";
import { type VaultHost, vaultHost } from "./vault-host.js";

let host: VaultHost;
beforeAll(async () => {
  host = await vaultHost();
});
afterEach(() => host.reset());
afterAll(() => host.close());

describe("a certificate of Key Vault", () => {
  it("is read with the app's identity, and gets a bound token and another vault's secret", async () => {
    const identity = host.anIdentity();
    host.vault.restrictTo([identity.clientId]);
    host.put(host.issued);
    const application = host.application({ certificate: host.source() });
    host.emulator.keyVault.secrets.set("my-secret", "s3cret");
    host.emulator.keyVault.restrictTo([host.clientId]);
    const vault = { baseUrl: host.emulator.keyVault.url, profile: "key-vault" } as const;
    const popFetch = createPopFetch({ tokens: application, resources: { vault }, transport: host.transport });
    const answer = await popFetch(`${vault.baseUrl}/secrets/my-secret?api-version=7.4`);
    expect([answer.status, await answer.json()]).toMatchObject([200, { value: "s3cret" }]);
    await popFetch.close();
    host.emulator.keyVault.restrictTo("everyone");

    const [asked, ...more] = host.requestsTo("app-service");
    expect(more).toEqual([]);
    expect(asked?.query).toMatchObject({ resource: "https://vault.azure.net", client_id: identity.clientId });
    const vaultPaths = host.requestsTo("key-vault").filter(({ headers }) => headers["authorization"]?.startsWith("Bearer "));
    expect(vaultPaths.map(({ path }) => path.split("/").slice(0, 3).join("/"))).toEqual(["/certificates/orders", "/secrets/orders"]);
    expect(host.tokenRequests().map(({ clientCertificate }) => clientCertificate)).toEqual([host.issued.certificateDer]);
  });

  it("is read as a PFX without a password", async () => {
    host.anIdentity();
    const pfx = pfxOf(host.issued);
    host.put(host.issued, { pfx });
    const { x5tS256 } = await BindingCertificate.fromPfx(pfx);
    expect((await host.source()()).x5tS256).toBe(x5tS256);
  });

  it.each([
    ["userAssignedClientId", "client_id", "clientId"],
    ["userAssignedResourceId", "mi_res_id", "resourceId"],
    ["userAssignedObjectId", "object_id", "objectId"],
  ] as const)("is read with the identity that %s names", async (option, parameter, fact) => {
    const identity = host.anIdentity();
    await host.putNew();
    vi.stubEnv("MTLS_POP_MANAGED_IDENTITY_CLIENT_ID", "somebody-else");
    await host.source({ identity: { [option]: identity[fact] } as never })();
    expect(host.requestsTo("app-service")[0]?.query[parameter]).toBe(identity[fact]);
  });

  it("is read with the system-assigned identity where none is named, and never with AZURE_CLIENT_ID's", async () => {
    host.anIdentity();
    vi.stubEnv("MTLS_POP_MANAGED_IDENTITY_CLIENT_ID", " ");
    await host.putNew();
    await host.source()();
    expect(host.requestsTo("app-service")[0]?.query).not.toHaveProperty("client_id");
  });

  it("is read with a credential of the caller's own", async () => {
    const { issued } = await host.putNew();
    const identity = host.anIdentity();
    const tokens = new (await import("@azure/identity")).ManagedIdentityCredential({ clientId: identity.clientId });
    const getToken = vi.fn((scope: string | string[]) => tokens.getToken(scope));
    vi.unstubAllEnvs();
    expect(await host.source({ credential: { getToken } })()).toMatchObject({ thumbprint: issued.thumbprint });
    expect(getToken.mock.calls[0]?.[0]).toEqual([VAULT_SCOPE]);
  });

  it("is read once for all who want it, and then costs no request and no timer", async () => {
    host.anIdentity();
    const { issued } = await host.putNew();
    const source = host.source();
    const all = await Promise.all(Array.from({ length: 20 }, async () => source()));
    expect(new Set(all).size).toBe(1);
    expect(all[0]?.thumbprint).toBe(issued.thumbprint);
    const before = host.requestsTo("key-vault").length;
    const timers = await timersOf(async () => {
      for (let call = 0; call < 5; call++) expect(source()).toBe(all[0]);
    });
    expect(timers).toEqual({ started: 0, left: 0 });
    expect(host.requestsTo("key-vault")).toHaveLength(before);
  });

  it("is the pinned version, which stays when there is a later one", async () => {
    host.anIdentity();
    const { issued, version } = await host.putNew();
    await host.putNew();
    let now = Date.now();
    const source = host.source({ version, refreshAfterSeconds: 1, now: () => now });
    const first = await source();
    expect(first.thumbprint).toBe(issued.thumbprint);
    host.emulator.forgetRequests();
    now += 3_600_000;
    expect(source()).toBe(first);
    expect(host.requestsTo("key-vault")).toEqual([]);
  });
});

describe("certificateFromKeyVault", () => {
  const vaultUrl = "https://contoso.vault.azure.net";
  it.each([
    [{}, "needs `vaultUrl`"],
    [{ vaultUrl }, "needs `name`"],
    [{ vaultUrl, name: "a/b" }, "`name`"],
    [{ vaultUrl, name: "orders", version: "../x" }, "`version`"],
    [{ vaultUrl, name: "orders", credential: {} }, "`credential`"],
    [{ vaultUrl, name: "orders", identity: { userAssignedClientId: "" } }, "`identity`"],
    [{ vaultUrl, name: "orders", refreshAfterSeconds: 0 }, "`refreshAfterSeconds`"],
    [{ vaultUrl, name: "orders", timeoutMs: -1 }, "`timeoutMs`"],
    [{ vaultUrl, name: "orders", clientOptions: [] }, "`clientOptions`"],
    [{ vaultUrl, name: "orders", refreshAfterSecond: 5 }, "did you mean `refreshAfterSeconds`"],
    [{ vaultUrl: "contoso", name: "orders" }, "`vaultUrl` as the origin of a vault, but got something that is no URL. Such as https://"],
    [{ vaultUrl: "ftp://contoso.vault.azure.net", name: "orders" }, "a URL of ftp:"],
    [{ vaultUrl: `${vaultUrl}/certificates/orders`, name: "orders" }, "one with a path"],
    [{ vaultUrl: `${vaultUrl}?api-version=7.4`, name: "orders" }, "one with a query"],
    [{ vaultUrl: "https://user:word@contoso.vault.azure.net", name: "orders" }, "one with a user name or a password"],
  ])("refuses %j", (options, words) => {
    const error = thrown(() => certificateFromKeyVault(options as CertificateFromKeyVaultOptions));
    expect([error.code, error.message]).toEqual(["invalid_options", expect.stringContaining(words)]);
  });

  it("refuses a vault by http", () => {
    const error = thrown(() => certificateFromKeyVault({ vaultUrl: "http://contoso.vault.azure.net", name: "orders" }));
    expect(error.code).toBe("insecure_url");
  });
});

/** As a vault hands one out: in base64, without a password. */
function pfxOf({ certificatePem, privateKeyPem }: { certificatePem: string; privateKeyPem: string }): string {
  const key = forge.pki.privateKeyFromPem(privateKeyPem);
  const pfx = forge.pkcs12.toPkcs12Asn1(key, [forge.pki.certificateFromPem(certificatePem)], null, { algorithm: "3des" });
  return Buffer.from(forge.asn1.toDer(pfx).getBytes(), "latin1").toString("base64");
}
