import { beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../src/index.js";
import { type BoundCaller, boundCaller, calledEmulator } from "../bound-caller.js";
import type { ClientAnswer, HttpsClient } from "../server/https-client.js";

const SCOPE = "https://vault.azure.net/.default";
const TLS_1_2 = { maxVersion: "TLSv1.2" } as const;

let emulator: Emulator;
let caller: BoundCaller;
let token: string;
let client: HttpsClient;
beforeAll(async () => {
  const started = await calledEmulator();
  ({ emulator, caller } = started);
  token = await caller.token(SCOPE);
  client = caller.client(TLS_1_2);
  emulator.keyVault.secrets.set("my-secret", "s3cret");
  return started.close;
});

interface Asked {
  readonly path?: string;
  readonly apiVersion?: string | undefined;
  readonly authorization?: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly over?: HttpsClient;
  readonly headers?: Readonly<Record<string, string>>;
  readonly from?: Emulator;
}

function ask(asked: Asked = {}): Promise<ClientAnswer> {
  const { path = "/secrets/my-secret", method = "GET", authorization = `mtls_pop ${token}`, over = client, from = emulator } = asked;
  const query = "apiVersion" in asked ? (asked.apiVersion === undefined ? "" : `?api-version=${asked.apiVersion}`) : "?api-version=7.4";
  return over.get(`${from.keyVault.url}${path}${query}`, {
    method,
    headers: { authorization, ...(asked.headers ?? { "x-ms-tokenboundauth": "true" }) },
    ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
  });
}

function messageOf(answer: ClientAnswer): unknown {
  expect(answer.json()).toMatchObject({ error: { message: expect.any(String) } });
  return (answer.json() as { error: { message: string } }).error.message;
}

describe("the binding", () => {
  it("is checked on a certificate that is asked for after the request was read", async () => {
    const fresh = caller.client(TLS_1_2);
    await fresh.get(`${emulator.keyVault.url}/secrets/my-secret`);
    expect(fresh.handshakes()).toBe(1);
    expect(emulator.requests.at(-1)).not.toHaveProperty("clientCertificate");
    expect((await ask({ over: fresh })).status).toBe(200);
    expect(fresh.handshakes()).toBe(2);
    expect(emulator.requests.at(-1)).toMatchObject({ tlsProtocol: "TLSv1.2", clientCertificate: caller.certificate.certificateDer });
  });

  it("cannot be checked over TLS 1.3, which has no renegotiation", async () => {
    const answer = await ask({ over: caller.client() });
    expect([answer.status, messageOf(answer)]).toEqual([401, "MissingClientCertificate"]);
    expect(emulator.requests.at(-1)?.tlsProtocol).toBe("TLSv1.3");
  });

  it("fails without a certificate", async () => {
    const answer = await ask({ over: caller.client(TLS_1_2, "none") });
    expect([answer.status, messageOf(answer)]).toEqual([401, "MissingClientCertificate"]);
  });

  it("fails with another certificate", async () => {
    const other = await emulator.issueCertificate({ keyType: "EC-P256" });
    const answer = await ask({ over: caller.client(TLS_1_2, other) });
    expect([answer.status, messageOf(answer)]).toEqual([401, "MtlsCnfClaimRequestDataValidationFailed"]);
  });

  it("fails for a token that is bound to nothing", async () => {
    const answer = await ask({ authorization: `mtls_pop ${await caller.token(SCOPE, { confirmed: false })}` });
    expect([answer.status, messageOf(answer)]).toEqual([401, "MtlsCnfClaimRequestDataValidationFailed"]);
  });

  it.each([{}, { "x-ms-tokenboundauth": "false" }])("is not tried without the header that asks for it: %o", async (headers) => {
    const fresh = caller.client(TLS_1_2);
    const answer = await ask({ headers, over: fresh });
    expect([answer.status, messageOf(answer)]).toEqual([401, "Client certificate required for using MTLS_POP token."]);
    expect(fresh.handshakes()).toBe(1);
  });

  it("refuses Bearer, bound or not", async () => {
    for (const value of [token, await caller.token(SCOPE, { confirmed: false })]) {
      const answer = await ask({ authorization: `Bearer ${value}` });
      expect([answer.status, messageOf(answer)]).toEqual([401, "BearerAuthenticationDisabledForKeyVault"]);
    }
  });

  it("takes an unbound Bearer token where that is optional, and a bound one never as Bearer", async () => {
    await using optional = await startEmulator({ keyVault: { mode: "optional" } });
    optional.keyVault.secrets.set("my-secret", "s3cret");
    const other = await boundCaller(optional);
    const over = other.client();
    const unbound = await other.token(SCOPE, { confirmed: false });
    expect((await ask({ authorization: `Bearer ${unbound}`, over, from: optional })).status).toBe(200);
    const refused = await ask({ authorization: `Bearer ${await other.token(SCOPE)}`, over, from: optional });
    expect([refused.status, messageOf(refused)]).toEqual([401, "Cnf claim not supported over Bearer protocol."]);
    other.close();
  });
});

describe("the token", () => {
  it("is asked for by a challenge that names authority and resource", async () => {
    const answer = await client.get(`${emulator.keyVault.url}/secrets/my-secret?api-version=7.4`);
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe(`Bearer authorization="${emulator.authority}", resource="https://vault.azure.net"`);
  });

  it.each(["pop", "PoP", "Basic"])("is not taken under the scheme %s", async (scheme) => {
    const answer = await ask({ authorization: `${scheme} ${token}` });
    expect([answer.status, messageOf(answer)]).toEqual([401, "AKV10000: Request is missing a Bearer or PoP token."]);
  });

  it("is refused when it is for another resource", async () => {
    const answer = await ask({ authorization: `mtls_pop ${await caller.token("https://graph.microsoft.com/.default")}` });
    expect([answer.status, messageOf(answer)]).toEqual([401, expect.stringContaining("AKV10022: Invalid audience.")]);
  });

  it("is refused when another emulator issued it", async () => {
    await using elsewhere = await startEmulator();
    const stranger = await boundCaller(elsewhere);
    const answer = await ask({ authorization: `mtls_pop ${await stranger.token(SCOPE)}` });
    expect([answer.status, messageOf(answer)]).toEqual([401, expect.stringContaining("AKV10046")]);
    stranger.close();
  });

  it("is refused when it is past its time", async () => {
    emulator.faults.add({ on: "token", kind: "expired" });
    const answer = await ask({ authorization: `mtls_pop ${await caller.token(SCOPE)}` });
    expect([answer.status, messageOf(answer)]).toEqual([401, expect.stringContaining("TokenExpired")]);
  });

  it("is refused when it is no JWT", async () => {
    const answer = await ask({ authorization: "mtls_pop nonsense" });
    expect([answer.status, messageOf(answer)]).toEqual([401, expect.stringContaining("AKV10001")]);
  });

  it("of an application without a role gets 403, for reading and for writing", async () => {
    emulator.keyVault.restrictTo(["somebody-else"]);
    for (const asked of [{}, { method: "PUT", body: { value: "mine" } }]) {
      const answer = await ask(asked);
      expect(answer.status).toBe(403);
      expect(answer.json()).toMatchObject({ error: { code: "Forbidden", innererror: { code: "ForbiddenByRbac" } } });
      expect(messageOf(answer)).toContain(`appid=${caller.clientId}`);
    }
    emulator.keyVault.restrictTo([caller.clientId]);
    expect((await ask()).status).toBe(200);
    emulator.keyVault.restrictTo("everyone");
    expect((await ask()).status).toBe(200);
  });
});

describe("secrets", () => {
  it("are answered as a bundle", async () => {
    const { version } = emulator.keyVault.secrets.set("bundle", { value: "v", contentType: "text/plain", tags: { a: "b" } });
    expect((await ask({ path: "/secrets/bundle" })).json()).toEqual({
      value: "v",
      contentType: "text/plain",
      tags: { a: "b" },
      id: `${emulator.keyVault.url}/secrets/bundle/${version}`,
      attributes: expect.objectContaining({ enabled: true, created: expect.any(Number) }),
    });
  });

  it("have the same content in every vault, each under its own name", async () => {
    const url = emulator.keyVault.url.replace("contoso", "fabrikam");
    const headers = { authorization: `mtls_pop ${token}`, "x-ms-tokenboundauth": "true" };
    const answer = await caller.client(TLS_1_2).get(`${url}/secrets/my-secret?api-version=7.4`, { headers });
    expect(answer.json()).toMatchObject({ value: "s3cret", id: expect.stringContaining(url) });
  });

  it("need an api-version that is known", async () => {
    expect(messageOf(await ask({ apiVersion: undefined }))).toBe("api-version must be specified");
    const unknown = await ask({ apiVersion: "1999-01-01" });
    expect([unknown.status, messageOf(unknown)]).toEqual([400, expect.stringContaining("(1999-01-01) is not recognized")]);
  });

  it.each(["a_b", "%20", "a%2Fb", "%zz", "a".repeat(128)])("have no name such as %s", async (name) => {
    const answer = await ask({ path: `/secrets/${name}` });
    expect([answer.status, messageOf(answer)]).toEqual([400, expect.stringContaining("contains an invalid name")]);
  });

  it("that are not there get 404, as do other paths", async () => {
    expect((await ask({ path: "/secrets/nothing" })).json()).toMatchObject({ error: { code: "SecretNotFound" } });
    expect((await ask({ path: `/secrets/my-secret/${"0".repeat(32)}` })).status).toBe(404);
    expect((await ask({ path: "/keys/my-secret" })).status).toBe(404);
    expect((await ask({ path: "/" })).status).toBe(404);
  });

  it("keep their versions, and show the latest without one, whatever the case of the name", async () => {
    const first = emulator.keyVault.secrets.set("versioned", "1");
    emulator.keyVault.secrets.set("Versioned", "2");
    expect((await ask({ path: "/secrets/VERSIONED" })).json()).toMatchObject({ value: "2" });
    expect((await ask({ path: `/secrets/versioned/${first.version}` })).json()).toMatchObject({ value: "1" });
  });

  it("can be put", async () => {
    const body = { value: "new", contentType: "text/plain", tags: { a: "b" }, attributes: { exp: 2_000_000_000 } };
    const answer = await ask({ method: "PUT", path: "/secrets/put", body });
    expect(answer.json()).toMatchObject({ value: "new", tags: { a: "b" }, attributes: { exp: 2_000_000_000 } });
    expect(emulator.keyVault.secrets.get("put")).toMatchObject({ value: "new", expiresOn: new Date(2_000_000_000_000) });
  });

  it.each([{}, { value: 1 }, [], "text"])("are not put from %o", async (body) => {
    expect((await ask({ method: "PUT", path: "/secrets/put", body })).status).toBe(400);
  });

  it.each([
    ["PUT", "/secrets/my-secret/1"],
    ["POST", "/secrets/my-secret"],
    ["DELETE", "/secrets/my-secret/1"],
    ["PUT", "/secrets"],
    ["PUT", "/deletedsecrets/my-secret"],
    ["GET", "/deletedsecrets/my-secret/recover"],
  ])("take no %s on %s", async (method, path) => {
    expect((await ask({ method, path, ...(method.startsWith("P") ? { body: { value: "x" } } : {}) })).status).toBe(405);
  });

  it("that are disabled are not read", async () => {
    emulator.keyVault.secrets.set("off", { value: "x", enabled: false });
    const answer = await ask({ path: "/secrets/off" });
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ error: { innererror: { code: "SecretDisabled" } } });
  });

  it("take no name in the store that no vault would take", () => {
    expect(() => emulator.keyVault.secrets.set("a_b", "x")).toThrow('letters, digits and dashes, not "a_b"');
  });
});

describe("faults", () => {
  it("are answered in the vault's words", async () => {
    emulator.faults.add({ on: "key-vault", kind: "throttle", retryAfterSeconds: 3 });
    emulator.faults.add({ on: "key-vault", kind: "unavailable", retryAfterSeconds: 4 });
    emulator.faults.add({ on: "key-vault", kind: "revoked-certificate" });
    const throttled = await ask();
    expect([throttled.status, throttled.headers["retry-after"]]).toEqual([429, "3"]);
    expect(throttled.json()).toMatchObject({ error: { code: "Throttled" } });
    const unavailable = await ask();
    expect([unavailable.status, unavailable.headers["retry-after"]]).toEqual([503, "4"]);
    expect(messageOf(await ask())).toBe("The client certificate has been revoked.");
    expect((await ask()).status).toBe(200);
  });

  it("cut a connection, and break JSON", async () => {
    emulator.faults.add({ on: "key-vault", kind: "reset" });
    emulator.faults.add({ on: "key-vault", kind: "bad-json" });
    const over = caller.client(TLS_1_2);
    await expect(ask({ over })).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await ask({ over })).json).toThrow(SyntaxError);
    expect((await ask({ over })).status).toBe(200);
  });
});
