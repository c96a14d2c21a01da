import { createHash } from "node:crypto";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { type EchoedCall, type Emulator, startEmulator } from "../../src/index.js";
import { type BoundCaller, boundCaller, calledEmulator } from "../bound-caller.js";
import type { ClientAnswer, ClientRequest, HttpsClient } from "../server/https-client.js";

let emulator: Emulator;
let caller: BoundCaller;
let token: string;
let client: HttpsClient;
beforeAll(async () => {
  const started = await calledEmulator();
  ({ emulator, caller } = started);
  token = await caller.token(emulator.customApi.scope);
  client = caller.client();
  return started.close;
});

interface Asked extends ClientRequest {
  readonly authorization?: string;
  readonly over?: HttpsClient;
}

function ask(path: string, { authorization = `pop ${token}`, over = client, headers, ...request }: Asked = {}): Promise<ClientAnswer> {
  return over.get(`${emulator.customApi.url}${path}`, { ...request, headers: { ...headers, ...(authorization && { authorization }) } });
}

describe("who is let in", () => {
  it("takes pop, in any case", async () => {
    for (const scheme of ["pop", "PoP"]) expect((await ask("/echo", { authorization: `${scheme} ${token}` })).status).toBe(200);
  });

  it.each(["Bearer", "mtls_pop"])("refuses the scheme %s", async (scheme) => {
    const answer = await ask("/echo", { authorization: `${scheme} ${token}` });
    expect([answer.status, answer.json()]).toEqual([401, expect.objectContaining({ error: "invalid_request" })]);
  });

  it("takes other schemes when it is told to, and challenges with each", async () => {
    await using other = await startEmulator({ customApi: { schemes: ["mtls_pop", "DPoP"], audience: "api://other" } });
    const stranger = await boundCaller(other);
    const authorization = `mtls_pop ${await stranger.token("api://other/.default")}`;
    expect((await stranger.client().get(`${other.customApi.url}/echo`, { headers: { authorization } })).status).toBe(200);
    const challenged = await stranger.client().get(`${other.customApi.url}/echo`);
    expect(challenged.headers["www-authenticate"]).toMatch(/^mtls_pop realm=.+, DPoP realm=/);
    stranger.close();
  });

  it("answers a request without credentials with a bare challenge", async () => {
    const answer = await ask("/echo", { authorization: "" });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe(`pop realm="orders", authorization_uri="${emulator.authority}/oauth2/v2.0/authorize"`);
  });

  it("refuses no certificate, another one, an unbound token and one for another audience, and says why", async () => {
    const other = await emulator.issueCertificate({ keyType: "EC-P256" });
    const unbound = `pop ${await caller.token(emulator.customApi.scope, { confirmed: false })}`;
    const vaults = `pop ${await caller.token("https://vault.azure.net/.default")}`;
    for (const [asked, reason] of [
      [{ over: caller.client({}, "none") }, "The connection showed no client certificate."],
      [{ over: caller.client({}, other) }, `The token is bound to ${caller.certificate.x5tS256}, the connection showed ${other.x5tS256}.`],
      [{ authorization: unbound }, "The token is bound to no certificate."],
      [{ authorization: vaults }, "The token is for https://vault.azure.net, not for api://orders."],
    ] as const) {
      const answer = await ask("/echo", asked);
      expect([answer.status, answer.json()]).toEqual([401, { error: "invalid_token", error_description: reason }]);
    }
  });

  it("asks for claims until a token has them", async () => {
    const challenged = await ask("/claims?value=c7");
    expect(challenged.status).toBe(401);
    const [, encoded = ""] = /error="insufficient_claims", claims="([^"]+)"/.exec(String(challenged.headers["www-authenticate"])) ?? [];
    const claims = Buffer.from(encoded, "base64").toString("utf8");
    expect(JSON.parse(claims)).toEqual({ access_token: { acrs: { essential: true, value: "c7" } } });
    const authorization = `pop ${await caller.token(emulator.customApi.scope, { claims })}`;
    expect((await ask("/claims?value=c7", { authorization })).json()).toEqual({ acrs: ["c7"] });
    expect((await ask("/claims?value=c7&unsatisfiable", { authorization })).status).toBe(401);
  });

  it("is another origin under another name, which the record tells", async () => {
    const url = emulator.customApi.urlOf("other");
    expect(url).toMatch(/^https:\/\/other\.api\.emulator\.localhost:\d+$/);
    expect((await caller.client().get(`${url}/echo`, { headers: { authorization: `pop ${token}` } })).status).toBe(200);
    expect(emulator.requests.at(-1)).toMatchObject({ server: "custom-api", host: "other.api.emulator.localhost" });
  });

  it("can be held to one version of TLS", async () => {
    await using old = await startEmulator({ customApi: { maxVersion: "TLSv1.2" } });
    const stranger = await boundCaller(old);
    await stranger.client().get(`${old.customApi.url}/echo`);
    expect(old.requests.at(-1)?.tlsProtocol).toBe("TLSv1.2");
    stranger.close();
  });
});

describe("what it serves", () => {
  it("echoes a call", async () => {
    const body = "a body";
    const answer = await ask("/echo/it?a=b", { method: "POST", body, headers: { "x-mine": "1" } });
    const expected: Partial<EchoedCall> = {
      method: "POST",
      path: "/echo/it",
      query: { a: "b" },
      body: Buffer.from(body).toString("base64"),
      bodySha256: createHash("sha256").update(body).digest("hex"),
      certificateSha256: caller.certificate.thumbprintSha256,
      authorizationScheme: "pop",
      clientId: caller.clientId,
    };
    expect(answer.json()).toMatchObject({ ...expected, headers: { "x-mine": "1" } });
  });

  it("answers with the headers that the query says", async () => {
    expect((await ask("/headers?x-answer=42")).headers["x-answer"]).toBe("42");
  });

  it("sends as many bytes as it is asked for, up to 64 MiB", async () => {
    expect((await ask("/bytes/100000")).body).toEqual(Buffer.alloc(100_000, "mtls"));
    for (const path of ["/bytes/67108865", "/bytes/-1", "/bytes/many", "/bytes/1.5"]) expect((await ask(path)).status).toBe(400);
  });

  it("compresses", async () => {
    const decoders = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync };
    for (const [encoding, decode] of Object.entries(decoders)) {
      const answer = await ask(`/${encoding}`);
      expect(answer.headers["content-encoding"]).toBe(encoding);
      expect(JSON.parse(decode(answer.body).toString())).toEqual({ encoding });
    }
  });

  it("redirects wherever it is told", async () => {
    const answer = await ask("/redirect?status=308&to=https://elsewhere.example/x");
    expect([answer.status, answer.headers["location"]]).toEqual([308, "https://elsewhere.example/x"]);
    expect((await ask("/redirect")).headers["location"]).toBe("/echo");
  });

  it("answers any status, without a body where there may be none", async () => {
    expect((await ask("/status/418")).json()).toEqual({ status: 418 });
    expect((await ask("/status/204")).body).toHaveLength(0);
  });

  it.each([
    "/status/99",
    "/status/1000",
    "/status/abc",
    "/status/101",
    "/redirect?status=700",
    "/headers?x-answer=a%0Ab",
    "/headers?a%20b=c",
  ])("refuses %s, which cannot be answered", async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).not.toContain("at ");
  });

  it("streams what the test writes", async () => {
    const stream = emulator.customApi.stream("one");
    const answer = ask("/stream/one");
    await stream.opened;
    await stream.write("first ");
    await stream.write("second");
    await stream.end();
    expect((await answer).body.toString()).toBe("first second");
    await stream.closed;
  });

  it("cuts a stream in the middle", async () => {
    const stream = emulator.customApi.stream("two");
    const answer = expect(ask("/stream/two", { over: caller.client() })).rejects.toMatchObject({ code: "ECONNRESET" });
    await stream.write("first");
    await stream.cut();
    await answer;
    await stream.closed;
  });

  it("never answers /slow, and tells when the client has gone", async () => {
    const abort = new AbortController();
    const answer = expect(ask("/slow", { over: caller.client(), signal: abort.signal })).rejects.toThrow();
    while (emulator.requests.at(-1)?.path !== "/slow") await new Promise(setImmediate);
    abort.abort();
    await answer;
    await emulator.connectionClosed(emulator.requests.at(-1)?.connectionId ?? 0);
    expect(emulator.requests.at(-1)).not.toHaveProperty("status");
  });

  it("names an order, and nothing at other paths", async () => {
    expect((await ask("/orders/7")).json()).toEqual({ id: "7" });
    for (const path of ["/", "/constructor", "/%zz"]) expect((await ask(path)).status).toBe(404);
  });

  it("answers faults in its own words", async () => {
    emulator.faults.add({ on: "custom-api", kind: "throttle", retryAfterSeconds: 3 });
    emulator.faults.add({ on: "custom-api", kind: "unavailable" });
    emulator.faults.add({ on: "custom-api", kind: "revoked-certificate" });
    const throttled = await ask("/echo");
    expect([throttled.status, throttled.headers["retry-after"], throttled.json()]).toEqual([429, "3", { error: "too_many_requests" }]);
    expect((await ask("/echo")).json()).toEqual({ error: "unavailable" });
    expect((await ask("/echo")).json()).toMatchObject({ error_description: "The client certificate has been revoked." });
  });
});
