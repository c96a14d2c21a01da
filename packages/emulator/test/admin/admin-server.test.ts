import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../src/index.js";
import { askHttp, type HttpAnswer, type HttpAsked } from "../http-client.js";
import { clientOf, postForm, tokenEndpoint } from "../token-request.js";

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
beforeEach(() => {
  emulator.faults.clear();
  emulator.forgetRequests();
});
afterAll(() => emulator.close());

const ask = (path: string, asked?: HttpAsked): Promise<HttpAnswer> => askHttp(emulator.adminUrl, path, asked);

async function askForToken(): Promise<unknown> {
  const client = clientOf(emulator);
  const answer = await postForm(client, tokenEndpoint(emulator), { client_id: "nobody" });
  client.close();
  return answer.json();
}

describe("the routes", () => {
  it("GET /health tells where everything is", async () => {
    expect(await ask("/health")).toMatchObject({
      status: 200,
      body: {
        status: "ok",
        tenantId: emulator.tenantId,
        authority: emulator.authority,
        keyVault: emulator.keyVault.url,
        graph: emulator.graph.url,
        customApi: emulator.customApi.url,
        instanceMetadata: emulator.instanceMetadata.url,
        attestation: emulator.attestation.url,
        identityEndpoint: emulator.appService.environment.IDENTITY_ENDPOINT,
        identityHeader: emulator.appService.environment.IDENTITY_HEADER,
      },
    });
  });

  it("POST /faults puts one in, GET lists it until it is met", async () => {
    expect((await ask("/faults", { method: "POST", json: { on: "token", kind: "entra-error", code: 51000, times: 2 } })).status).toBe(204);
    expect(await askForToken()).toMatchObject({ error_codes: [51000] });
    expect((await ask("/faults")).body).toEqual([{ on: "token", kind: "entra-error", code: 51000, times: 1 }]);
    await askForToken();
    expect((await ask("/faults")).body).toEqual([]);
  });

  it("DELETE /faults takes them all away", async () => {
    emulator.faults.add({ on: "graph", kind: "hang" });
    expect((await ask("/faults", { method: "DELETE" })).status).toBe(204);
    expect(emulator.faults.list()).toEqual([]);
  });

  it("GET /requests shows the record, DELETE empties it", async () => {
    await askForToken();
    expect((await ask("/requests")).body).toMatchObject([
      { server: "token", method: "POST", form: { client_id: "nobody" }, body: "client_id=nobody", status: 400 },
    ]);
    expect((await ask("/requests", { method: "DELETE" })).status).toBe(204);
    expect(emulator.requests).toEqual([]);
  });

  it("PUT, GET and DELETE secrets", async () => {
    expect((await ask("/secrets/one", { method: "PUT", json: { value: "1" } })).status).toBe(204);
    expect(emulator.keyVault.secrets.get("one")).toMatchObject({ value: "1" });
    expect((await ask("/secrets")).body).toEqual(["one"]);
    expect((await ask("/secrets/one", { method: "DELETE" })).status).toBe(204);
    expect((await ask("/secrets")).body).toEqual([]);
  });

  it("POST, GET and DELETE applications", async () => {
    const { certificatePem: certificate } = await emulator.issueCertificate({ keyType: "EC-P256" });
    expect((await ask("/applications", { method: "POST", json: { clientId: "one", certificate } })).status).toBe(204);
    expect((await ask("/applications")).body).toMatchObject([{ clientId: "one", certificates: [certificate] }]);
    expect((await ask("/applications/ONE", { method: "DELETE" })).status).toBe(204);
    expect(emulator.applications.get("one")).toBeUndefined();
  });

  it("POST, GET and DELETE managed identities", async () => {
    const registered = await ask("/managed-identities", { method: "POST", json: { clientId: "one" } });
    expect(registered).toMatchObject({ status: 200, body: { kind: "UserAssigned", clientId: "one", tenantId: emulator.tenantId } });
    expect((await ask("/managed-identities")).body).toEqual([emulator.managedIdentities.systemAssigned, registered.body]);
    expect((await ask("/managed-identities/ONE", { method: "DELETE" })).status).toBe(204);
    expect(emulator.managedIdentities.get("one")).toBeUndefined();
  });

  it("GET and PATCH the machine", async () => {
    const { body: before } = await ask("/machine");
    expect(before).toMatchObject({ imdsVersion: 2, attestation: "optional", securityType: "TrustedLaunch", location: "westus3" });
    const changes = { imdsVersion: 1, attestation: "required", certificateLifeSeconds: 60, osType: "Windows", securityType: "" };
    expect((await ask("/machine", { method: "PATCH", json: changes })).status).toBe(204);
    expect((await ask("/machine")).body).toEqual({ ...Object(before), ...changes });
    expect(emulator.managedIdentities).toMatchObject({ imdsVersion: 1, attestation: "required", certificateLifeSeconds: 60 });
    expect(emulator.instanceMetadata).toMatchObject({ osType: "Windows", securityType: "" });
    expect((await ask("/machine", { method: "PATCH", json: before })).status).toBe(204);
    expect((await ask("/machine")).body).toEqual(before);
  });
});

describe("the refusals", () => {
  it.each(["emulator.example", "127.0.0.1.nip.example:80", "[::1]"])("knows no host %o", async (host) => {
    expect((await ask("/requests", { headers: { host } })).status).toBe(403);
  });

  it("is known as localhost too", async () => {
    expect((await ask("/health", { headers: { host: `localhost:${new URL(emulator.adminUrl).port}` } })).status).toBe(200);
  });

  it.each(["https://evil.example", "null"])("is not for a page of %s", async (origin) => {
    expect((await ask("/faults", { method: "DELETE", headers: { origin } })).status).toBe(403);
  });

  it("takes a body as JSON alone", async () => {
    const text = JSON.stringify({ value: "1" });
    for (const headers of [{}, { "content-type": "text/plain" }]) {
      expect((await ask("/secrets/one", { method: "PUT", text, headers })).status).toBe(415);
    }
  });

  it("says what is wrong with JSON", async () => {
    const answer = await ask("/faults", { method: "POST", text: "{", headers: { "content-type": "application/json" } });
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining("JSON") } });
  });

  it.each([
    [undefined, "A fault is an object"],
    [[], "`on` is one of token, key-vault, graph, custom-api"],
    [{ on: "vault", kind: "hang" }, "`on` is one of"],
    [{ on: "token", kind: "nonsense" }, "`kind` is one of latency"],
    [{ on: "graph", kind: "downgrade" }, 'goes on "token" alone'],
    [{ on: "token", kind: "latency" }, "needs `delayMs`"],
    [{ on: "token", kind: "latency", delayMs: -1 }, "`delayMs` is a whole number"],
    [{ on: "token", kind: "latency", delayMs: 3_000_000_000 }, "`delayMs` is a whole number"],
    [{ on: "token", kind: "hang", times: 0 }, "`times` is a whole number from 1"],
    [{ on: "token", kind: "hang", host: 1 }, "`host` is a host name"],
    [{ on: "token", kind: "hang", delayMs: 1 }, "has no `delayMs`"],
    [{ on: "token", kind: "entra-error", code: 1 }, "`code` is one of"],
    [{ on: "token", kind: "wrong-key" }, 'goes on "instance-metadata" alone'],
    [{ on: "instance-metadata", kind: "downgrade" }, 'goes on "token" alone'],
    [{ on: "app-service", kind: "revoked-certificate" }, "goes on servers that ask for a certificate"],
    [{ on: "attestation", kind: "hang", path: 1 }, "`path` is a path"],
    [{ on: "instance-metadata", kind: "wrong-endpoint" }, "needs `endpoint`"],
    [{ on: "instance-metadata", kind: "wrong-endpoint", endpoint: 1 }, "`endpoint` is a URL"],
    [{ on: "instance-metadata", kind: "wrong-key", endpoint: "x" }, "has no `endpoint`"],
  ])("takes no fault such as %j", async (json, message) => {
    expect(await ask("/faults", { method: "POST", json })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining(message) },
    });
    expect(emulator.faults.list()).toEqual([]);
  });

  it("takes no secret without a value, and none under a name that no vault takes", async () => {
    for (const json of [undefined, {}, { value: 1 }, null]) expect((await ask("/secrets/one", { method: "PUT", json })).status).toBe(400);
    expect((await ask("/secrets/a_b", { method: "PUT", json: { value: "1" } })).status).toBe(400);
  });

  it("takes no application without a client id, and none with a certificate that is none", async () => {
    for (const json of [undefined, {}, { clientId: "one", secret: "x" }, { clientId: "one", certificate: "x" }]) {
      expect((await ask("/applications", { method: "POST", json })).status).toBe(400);
    }
  });

  it.each([
    [undefined, "A managed identity is an object"],
    [{ name: "x" }, "A managed identity has no `name`"],
  ])("takes no managed identity such as %j", async (json, message) => {
    const answer = await ask("/managed-identities", { method: "POST", json });
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining(message) } });
  });

  it.each([
    [undefined, "The machine's settings are an object"],
    [{ imdsVersion: 3 }, "`imdsVersion` is 1 or 2"],
    [{ attestation: "always" }, '`attestation` is "required" or "optional"'],
    [{ certificateLifeSeconds: 1.5 }, "`certificateLifeSeconds` is a whole number"],
    [{ systemAssignedEnabled: 1 }, "`systemAssignedEnabled` is true or false"],
    [{ osType: null }, "`osType` is a string"],
    [{ url: "x" }, "`url` is not an option. Known: imdsVersion,"],
  ])("changes nothing of the machine by %j", async (json, message) => {
    const before = (await ask("/machine")).body;
    const answer = await ask("/machine", { method: "PATCH", json });
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining(message) } });
    expect((await ask("/machine")).body).toEqual(before);
  });

  it.each(["/", "/nothing", "/faults/one/two", "//", "/constructor", "/__proto__"])(
    "has nothing at %s, and says what there is",
    async (path) => {
      expect(await ask(path)).toMatchObject({ status: 404, body: { error: expect.stringContaining("/secrets/{name}") } });
    },
  );

  it("says which methods a path takes", async () => {
    const answer = await ask("/secrets", { method: "PATCH" });
    expect([answer.status, answer.headers["allow"]]).toEqual([405, "GET"]);
  });

  it("refuses a path that is not percent-encoded as it should be", async () => {
    expect((await ask("/secrets/%zz")).status).toBe(400);
  });

  it("refuses a body beyond 64 MiB", async () => {
    expect((await ask("/faults", { method: "POST", text: " ".repeat(67_108_865) })).status).toBe(413);
  });
});
