import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator, type Vault } from "../../src/index.js";
import { askHttp } from "../http-client.js";
import { type HttpsClient, httpsClient } from "../server/https-client.js";

const VAULT = "https://vault.azure.net";

let emulator: Emulator;
let vault: Vault;
let client: HttpsClient;
let token: string;
beforeAll(async () => {
  emulator = await startEmulator({ tenants: ["99999999-8888-7777-6666-555555555555"] });
  vault = emulator.keyVault.add("certificates", "optional");
  client = httpsClient({ ca: emulator.ca });
  token = await identityToken();
  return async () => {
    client.close();
    await emulator.close();
  };
});
afterEach(() => {
  vault.restrictTo("everyone");
  vault.network = "open";
});

/** A plain Bearer token of a managed identity, as App Service's endpoint gives it. */
async function identityToken(query: Record<string, string> = {}): Promise<string> {
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = emulator.appService.environment;
  const { origin, pathname } = new URL(IDENTITY_ENDPOINT);
  const asked = new URLSearchParams({ "api-version": "2019-08-01", resource: VAULT, ...query });
  const answer = await askHttp(origin, `${pathname}?${asked}`, { headers: { "x-identity-header": IDENTITY_HEADER } });
  return (answer.body as { access_token: string }).access_token;
}

const ask = async (path: string, { bearer = token, from = vault.url } = {}) => {
  const answer = await client.get(`${from}${path}?api-version=7.6`, { headers: { authorization: `Bearer ${bearer}` } });
  return { status: answer.status, body: answer.json() };
};
const pem = async (wanted: Parameters<Emulator["issueCertificate"]>[0] = {}) => {
  const { chainPem, privateKeyPem } = await emulator.issueCertificate({ keyType: "EC-P256", ...wanted });
  return `${chainPem}${privateKeyPem}`;
};

describe("a vault that was added", () => {
  it("has what is its own, and takes a managed identity's Bearer token where the others take bound ones alone", async () => {
    vault.secrets.set("own", "here");
    expect(await ask("/secrets/own")).toMatchObject({ status: 200, body: { value: "here" } });
    expect(emulator.keyVault.secrets.has("own")).toBe(false);
    expect(await ask("/secrets/own", { from: emulator.keyVault.url })).toMatchObject({
      status: 401,
      body: { error: { message: "BearerAuthenticationDisabledForKeyVault" } },
    });
  });

  it("has roles of its own for secrets and certificates", async () => {
    vault.certificates.import("orders", await pem());
    vault.restrictTo([], "secrets");
    expect((await ask("/certificates/orders")).status).toBe(200);
    expect(await ask("/secrets/orders")).toMatchObject({ status: 403, body: { error: { innererror: { code: "ForbiddenByRbac" } } } });
    vault.restrictTo([emulator.managedIdentities.systemAssigned.clientId]);
    expect((await ask("/secrets/orders")).status).toBe(200);
  });

  it.each([
    ["firewall", "ForbiddenByFirewall", "Client address is not authorized"],
    ["private-endpoint", "ForbiddenByConnection", "Public network access is disabled"],
  ] as const)("refuses by its network, %s, in the original's words", async (network, code, words) => {
    vault.network = network;
    expect(await ask("/secrets/own")).toMatchObject({
      status: 403,
      body: { error: { code: "Forbidden", message: expect.stringContaining(words), innererror: { code } } },
    });
  });

  it("takes no token of another tenant's identity", async () => {
    const { clientId } = emulator.managedIdentities.register({ tenantId: "99999999-8888-7777-6666-555555555555" });
    const bearer = await identityToken({ client_id: clientId });
    emulator.managedIdentities.remove(clientId);
    expect(await ask("/secrets/own", { bearer })).toMatchObject({
      status: 401,
      body: { error: { message: expect.stringMatching(/^AKV10032/) } },
    });
  });

  it("has a name that a vault can have", () => {
    expect(() => emulator.keyVault.add("A b")).toThrow(TypeError);
  });
});

describe("a certificate in a vault", () => {
  it("says in its policy whether the key comes out and in which form, and its secret is so", async () => {
    const whole = await pem();
    vault.certificates.import("kept", whole, { exportable: false });
    vault.certificates.import("pfx", whole, { pfx: "MIIK" });
    expect(await ask("/certificates/kept")).toMatchObject({
      body: { policy: { key_props: { exportable: false }, secret_props: { contentType: "application/x-pem-file" } } },
    });
    const kept = (await ask("/secrets/kept")).body as { value: string };
    expect([kept.value.includes("BEGIN CERTIFICATE"), kept.value.includes("PRIVATE KEY")]).toEqual([true, false]);
    expect(await ask("/certificates/pfx")).toMatchObject({ body: { policy: { secret_props: { contentType: "application/x-pkcs12" } } } });
    expect(await ask("/secrets/pfx")).toMatchObject({ body: { value: "MIIK", contentType: "application/x-pkcs12" } });
  });

  it("is disabled together with its secret, one version at a time", async () => {
    const first = vault.certificates.import("two", await pem());
    const second = vault.certificates.import("two", await pem());
    vault.certificates.update("two", second.version, { enabled: false });
    expect(await ask("/certificates/two")).toMatchObject({ status: 200, body: { attributes: { enabled: false } } });
    expect(await ask(`/secrets/two/${second.secretVersion}`)).toMatchObject({
      status: 403,
      body: { error: { innererror: { code: "SecretDisabled" } } },
    });
    expect((await ask(`/secrets/two/${first.secretVersion}`)).status).toBe(200);
  });
});
