import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { VAULT_SCOPE } from "../emulated.js";
import { collected, type Sdk, sdk } from "./sdk.js";

let world: Sdk;
let clients: ReturnType<Sdk["clients"]>;
beforeAll(async () => {
  world = await sdk();
  clients = world.clients();
});
afterAll(async () => {
  await clients.httpClient.close();
  await world.close();
});
let before = 0;
beforeEach(() => {
  before = world.vaultRequests().length;
});
/** What reached the vault in this test: method, path and status. */
const arrived = () =>
  world
    .vaultRequests()
    .slice(before)
    .map(({ method, path, status }) => `${method} ${path} ${status}`);

describe("the SDK's SecretClient", () => {
  it("reads a secret by a bound token over a connection with its certificate, in one request", async () => {
    world.emulator.keyVault.secrets.set("my-secret", { value: "s3cret", contentType: "text/plain", tags: { of: "mine" } });
    const { httpClient, secrets } = world.clients();
    const secret = await secrets.getSecret("my-secret");
    expect(secret).toMatchObject({ name: "my-secret", value: "s3cret", properties: { contentType: "text/plain", tags: { of: "mine" } } });
    expect(arrived()).toEqual(["GET /secrets/my-secret/ 200"]);
    expect(world.vaultRequests().at(-1)).toMatchObject({
      tlsProtocol: "TLSv1.2",
      clientCertificate: world.issued.certificateDer,
      headers: {
        authorization: expect.stringMatching(/^mtls_pop eyJ/),
        "x-ms-tokenboundauth": "true",
        "x-ms-client-request-id": expect.any(String),
        "user-agent": expect.stringContaining("azsdk-js-keyvault-secrets/"),
      },
    });
    await httpClient.close();
  });

  it("asks for one token for many calls, and shares connections", async () => {
    const { httpClient, secrets } = world.clients();
    const tokens = world.tokenRequests().length;
    await secrets.getSecret("my-secret");
    await secrets.getSecret("my-secret");
    expect(world.tokenRequests().length - tokens).toBe(1);
    const connections = world.vaultRequests().slice(before);
    expect(new Set(connections.map(({ connectionId }) => connectionId)).size).toBe(1);
    await httpClient.close();
  });

  it("sets one as its very first call, whose body its policy takes off until it knows the scope", async () => {
    const { httpClient, secrets } = world.clients();
    const { properties } = await secrets.setSecret("set", "vàlue", { tags: { a: "b" }, expiresOn: new Date(2_000_000_000_000) });
    expect(properties).toMatchObject({ name: "set", tags: { a: "b" }, expiresOn: new Date(2_000_000_000_000) });
    expect(world.emulator.keyVault.secrets.get("set")?.value).toBe("vàlue");
    expect(arrived()).toEqual(["PUT /secrets/set 200"]);
    await httpClient.close();
  });

  it("makes its first calls side by side, with one token request and no request without a token", async () => {
    const { httpClient, secrets } = world.clients();
    const tokens = world.tokenRequests().length;
    const names = Array.from({ length: 10 }, (_, index) => `beside-${index}`);
    const set = await Promise.all(names.map((name) => secrets.setSecret(name, `value of ${name}`)));
    expect(set.map(({ value }) => value)).toEqual(names.map((name) => `value of ${name}`));
    expect(world.tokenRequests().length - tokens).toBe(1);
    expect(arrived().sort()).toEqual(names.map((name) => `PUT /secrets/${name} 200`));
    await httpClient.close();
  });

  it("reads a version, lists versions, and changes one", async () => {
    const first = world.emulator.keyVault.secrets.set("versioned", "1");
    const second = world.emulator.keyVault.secrets.set("versioned", "2");
    const { secrets } = clients;
    expect((await secrets.getSecret("versioned", { version: first.version })).value).toBe("1");
    const versions = await collected(secrets.listPropertiesOfSecretVersions("versioned"));
    expect(versions.map(({ version }) => version)).toEqual([first.version, second.version]);
    await secrets.updateSecretProperties("versioned", first.version, { enabled: false });
    await expect(secrets.getSecret("versioned", { version: first.version })).rejects.toMatchObject({ statusCode: 403 });
  });

  it("lists over several pages", async () => {
    for (let index = 0; index < 30; index++) world.emulator.keyVault.secrets.set(`listed-${index}`, "x");
    const listed = await collected(clients.secrets.listPropertiesOfSecrets());
    const wanted = world.emulator.keyVault.secrets.list().map(({ name }) => name);
    expect(listed.map(({ name }) => name)).toEqual(wanted);
    expect(arrived()).toEqual(["GET /secrets 200", "GET /secrets 200"]);
  });

  it("deletes, waits for it, recovers and purges", async () => {
    world.emulator.keyVault.secrets.set("gone", "x");
    const { secrets } = clients;
    const deleted = await (await secrets.beginDeleteSecret("gone", { intervalInMs: 1 })).pollUntilDone();
    expect(deleted).toMatchObject({ name: "gone", recoveryId: `${world.resources.vault.baseUrl}/deletedsecrets/gone` });
    expect((await collected(secrets.listDeletedSecrets())).map(({ name }) => name)).toEqual(["gone"]);
    await (await secrets.beginRecoverDeletedSecret("gone", { intervalInMs: 1 })).pollUntilDone();
    expect((await secrets.getSecret("gone")).value).toBe("x");
    await (await secrets.beginDeleteSecret("gone", { intervalInMs: 1 })).pollUntilDone();
    await secrets.purgeDeletedSecret("gone");
    await expect(secrets.getDeletedSecret("gone")).rejects.toMatchObject({ statusCode: 404 });
  });

  it("tells a 404 and a 403 in the vault's words", async () => {
    const { secrets } = clients;
    await expect(secrets.getSecret("nobody")).rejects.toMatchObject({
      name: "RestError",
      code: "SecretNotFound",
      statusCode: 404,
      message: expect.stringContaining("nobody was not found in this key vault"),
    });
    world.emulator.keyVault.restrictTo(["somebody-else"]);
    await expect(secrets.getSecret("my-secret")).rejects.toMatchObject({ name: "RestError", code: "Forbidden", statusCode: 403 });
    await expect(secrets.setSecret("my-secret", "mine")).rejects.toMatchObject({ statusCode: 403 });
    world.emulator.keyVault.restrictTo("everyone");
    expect(arrived().map((request) => request.slice(-3))).toEqual(["404", "403", "403"]);
  });

  it("tells a refusal of the certificate in the vault's words, after no more tries than its policies make", async () => {
    world.emulator.faults.add({ on: "key-vault", kind: "revoked-certificate", times: 10 });
    const error = await clients.secrets.getSecret("my-secret").catch((reason: unknown) => reason);
    world.emulator.faults.clear();
    expect(error).toMatchObject({ name: "RestError", statusCode: 401, message: expect.stringContaining("has been revoked") });
    // each of the SDK's two goes once under either scheme
    expect(arrived()).toHaveLength(4);
  });

  it("has its connection opened while the token is on its way", async () => {
    const token = await world.tokenOf(world.certificate, VAULT_SCOPE);
    let give = () => {};
    const wait = new Promise<void>((resolve) => {
      give = resolve;
    });
    let connections = 0;
    const lookup: typeof world.transport.lookup = (...args) => {
      connections++;
      world.transport.lookup(...args);
    };
    const tokens = { acquireBoundToken: () => wait.then(() => token), bindingCertificate: () => world.certificate };
    const { httpClient, secrets } = world.clients({ transport: { ...world.transport, lookup } }, tokens);
    const reading = secrets.getSecret("my-secret");
    await expect.poll(() => connections).toBe(1);
    give();
    expect((await reading).value).toBe("s3cret");
    expect(connections).toBe(1);
    await httpClient.close();
  });

  it("waits as long as a throttled vault says, and tries again", async () => {
    world.emulator.faults.add({ on: "key-vault", kind: "throttle", retryAfterSeconds: 0, times: 2 });
    expect((await clients.secrets.getSecret("my-secret")).value).toBe("s3cret");
    expect(arrived().map((request) => request.slice(-3))).toEqual(["429", "429", "200"]);
  });

  it("gives up on a vault that goes on throttling, with its Retry-After", async () => {
    world.emulator.faults.add({ on: "key-vault", kind: "throttle", retryAfterSeconds: 0, times: 3 });
    const error = await clients.secrets.getSecret("my-secret").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "RestError", statusCode: 429, code: "Throttled" });
    expect(Reflect.get(Object(error), "response").headers.get("Retry-After")).toBe("0");
    expect(arrived()).toHaveLength(3);
  });
});
