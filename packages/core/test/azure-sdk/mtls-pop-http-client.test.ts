import { getEventListeners } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { createHttpHeaders, createPipelineRequest, isRestError, type RequestBodyType } from "@azure/core-rest-pipeline";
import type { EchoedCall } from "@mtls-pop/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createMtlsPopHttpClient, MtlsPopCredential } from "../../src/azure-sdk/index.js";
import { isMtlsPopError } from "../../src/errors.js";
import { refusal } from "../certificate/authority.js";
import { thrown } from "../thrown.js";
import { orders } from "./pipeline.js";
import { type Sdk, sdk } from "./sdk.js";

let world: Sdk;
let api: ReturnType<typeof orders>;
beforeAll(async () => {
  world = await sdk();
  api = orders(world);
});
afterAll(async () => {
  await api.httpClient.close();
  await world.close();
});
let before = 0;
beforeEach(() => {
  before = api.arrived().length;
});
const arrived = () => api.arrived().slice(before);

async function failure(attempt: Promise<unknown>): Promise<unknown> {
  try {
    return await attempt.then(() => Promise.reject(new Error("It did not fail.")));
  } catch (error) {
    return error;
  }
}

async function echoed(path: string, request: Parameters<typeof api.send>[1]): Promise<EchoedCall & { text: string }> {
  const { bodyAsText } = await api.send(path, request);
  const echo: EchoedCall = JSON.parse(bodyAsText ?? "");
  return { ...echo, text: Buffer.from(echo.body, "base64").toString() };
}

describe("a call through the SDK's pipeline", () => {
  it("carries the bound token under the resource's scheme, over a connection with its certificate", async () => {
    const echo = await echoed("/echo?a=b", { headers: createHttpHeaders({ "x-own": "1" }) });
    expect(echo).toMatchObject({ authorizationScheme: "pop", certificateSha256: world.certificate.thumbprintSha256, query: { a: "b" } });
    expect(echo.headers).toMatchObject({ "x-own": "1", "accept-encoding": "gzip,deflate" });
  });

  it("goes on with the other scheme where the resource takes that one", async () => {
    await using modern = { ...(await sdk({ customApi: { schemes: ["mtls_pop"] } })), [Symbol.asyncDispose]: () => modern.close() };
    const other = orders(modern);
    expect((await other.send("/echo")).status).toBe(200);
    expect((await other.send("/echo")).status).toBe(200);
    expect(other.arrived().map(({ status }) => status)).toEqual([401, 200, 200]);
    await other.httpClient.close();
  });

  it("answers a claims challenge with one new token and one more try, under any scheme", async () => {
    const tokens = world.tokenRequests().length;
    const { status, bodyAsText } = await api.send("/claims?value=c3");
    expect([status, JSON.parse(bodyAsText ?? "")]).toEqual([200, { acrs: ["c3"] }]);
    expect(arrived().map((request) => request.status)).toEqual([401, 200]);
    const [asked] = world
      .tokenRequests()
      .slice(tokens)
      .filter(({ form }) => form?.["claims"]);
    expect(asked?.form?.["claims"]).toContain('"c3"');
  });

  it("gives up on claims that no token satisfies", async () => {
    expect((await api.send("/claims?value=c4&unsatisfiable")).status).toBe(401);
    expect(arrived()).toHaveLength(2);
  });

  it("has redirects followed by the SDK, within the origin", async () => {
    expect((await api.send("/redirect?to=/echo")).status).toBe(200);
    const elsewhere = await api.send(`/redirect?to=${encodeURIComponent(world.customApi.urlOf("other"))}`);
    expect(elsewhere.status).toBe(302);
    expect(arrived().map(({ host, status }) => [host.split(".")[0], status])).toEqual([
      ["orders", 302],
      ["orders", 200],
      ["orders", 302],
    ]);
  });

  it.each<readonly [kind: string, body: () => RequestBodyType]>([
    ["text", () => "wörds"],
    ["bytes", () => Buffer.from("wörds")],
    ["an ArrayBuffer", () => new Uint8Array(Buffer.from("wörds")).buffer],
    ["a Blob", () => new Blob(["wörds"])],
    ["a Node stream", () => Readable.from(["wör", Buffer.from("ds")])],
    ["a web stream", () => new Blob(["wörds"]).stream()],
    ["a function that gives a stream", () => () => Readable.from([Buffer.from("wörds")])],
  ])("sends %s", async (_kind, body) => {
    const loaded: number[] = [];
    const request = {
      method: "POST",
      body: body(),
      onUploadProgress: (progress: { loadedBytes: number }) => loaded.push(progress.loadedBytes),
    } as const;
    const echo = await echoed("/echo", request);
    expect(echo.text).toBe("wörds");
    expect(loaded.at(-1)).toBe(6);
  });

  it("sends a stream with the length that the SDK knows", async () => {
    const headers = createHttpHeaders({ "content-length": "5", "content-type": "text/plain" });
    const echo = await echoed("/echo", { method: "PUT", body: Readable.from([Buffer.from("12345")]), headers });
    expect([echo.text, echo.headers["content-length"], echo.headers["transfer-encoding"]]).toEqual(["12345", "5", undefined]);
  });

  it("sends a function's stream again where a try was refused, and a stream itself once only", async () => {
    await using modern = { ...(await sdk({ customApi: { schemes: ["mtls_pop"] } })), [Symbol.asyncDispose]: () => modern.close() };
    const first = orders(modern);
    const { bodyAsText } = await first.send("/echo", { method: "POST", body: () => Readable.from([Buffer.from("again")]) });
    expect(Buffer.from(JSON.parse(bodyAsText ?? "").body, "base64").toString()).toBe("again");
    const second = orders(modern);
    const error = await refusal(second.send("/echo", { method: "POST", body: Readable.from([Buffer.from("once")]) }));
    expect(error.code).toBe("body_not_replayable");
    await first.httpClient.close();
    await second.httpClient.close();
  });

  it.each(["gzip", "deflate"])("decodes %s, which the SDK asks for", async (encoding) => {
    expect(JSON.parse((await api.send(`/${encoding}`)).bodyAsText ?? "")).toEqual({ encoding });
  });

  it("gives no body to HEAD, an empty text to 204, and headers by any case", async () => {
    const head = await api.send("/echo", { method: "HEAD" });
    expect([head.status, head.bodyAsText, head.readableStreamBody]).toEqual([200, undefined, undefined]);
    expect((await api.send("/status/204")).bodyAsText).toBe("");
    const { headers } = await api.send("/headers?x-One=1");
    expect([headers.get("X-ONE"), headers.has("x-one"), headers.has("x-two"), headers.get("x-two")]).toEqual(["1", true, false, undefined]);
    expect(Object.fromEntries(headers)).toMatchObject({ "x-one": "1" });
  });

  it("tells progress of what is read, as text", async () => {
    const loaded: number[] = [];
    await api.send("/bytes/300000", { onDownloadProgress: ({ loadedBytes }) => loaded.push(loadedBytes) });
    expect(loaded.at(-1)).toBe(300_000);
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
  });
});

describe("an answer that is to be a stream", () => {
  const streamed = { streamResponseStatusCodes: new Set([200]) };

  it("comes as it is written, and only where its status is among those", async () => {
    const written = world.customApi.stream("pieces");
    const { readableStreamBody, bodyAsText } = await api.send("/stream/pieces", streamed);
    expect(bodyAsText).toBeUndefined();
    const chunks: string[] = [];
    await written.write("one");
    for await (const chunk of readableStreamBody ?? []) {
      chunks.push(chunk.toString());
      await (chunks.length === 1 ? written.write("two") : written.end());
    }
    expect(chunks).toEqual(["one", "two"]);
    const other = await api.send("/status/404", streamed);
    expect([other.readableStreamBody, other.bodyAsText]).toEqual([undefined, '{"status":404}']);
  });

  it("is one for every status with infinity, an empty one too", async () => {
    const all = { streamResponseStatusCodes: new Set([Number.POSITIVE_INFINITY]) };
    const { readableStreamBody } = await api.send("/status/204", all);
    expect(await text(readableStreamBody ?? Readable.from(["none"]))).toBe("");
  });

  it("ends with an AbortError when it is aborted on the way", async () => {
    const controller = new AbortController();
    const written = world.customApi.stream("aborted");
    const { readableStreamBody } = await api.send("/stream/aborted", { ...streamed, abortSignal: controller.signal });
    await written.write("one");
    const reading = text(readableStreamBody ?? Readable.from([]));
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    await written.closed;
  });

  it("frees its connection when it is destroyed", async () => {
    const written = world.customApi.stream("destroyed");
    const { readableStreamBody } = await api.send("/stream/destroyed", streamed);
    await written.write("one");
    if (readableStreamBody instanceof Readable) readableStreamBody.destroy();
    await written.closed;
  });

  it("lets go of the signal when it has ended, as a text does at once", async () => {
    const { signal } = new AbortController();
    const listeners = () => getEventListeners(signal, "abort").length;
    await api.send("/echo", { abortSignal: signal });
    expect(listeners()).toBe(0);
    const written = world.customApi.stream("held");
    const { readableStreamBody } = await api.send("/stream/held", { ...streamed, abortSignal: signal });
    expect(listeners()).toBe(1);
    await written.end();
    await text(readableStreamBody ?? Readable.from([]));
    await expect.poll(listeners).toBe(0);
  });

  it("fails when the connection is cut", async () => {
    const written = world.customApi.stream("cut");
    const { readableStreamBody } = await api.send("/stream/cut", streamed);
    await written.write("one");
    const reading = text(readableStreamBody ?? Readable.from([]));
    await written.cut();
    await expect(reading).rejects.toMatchObject({ name: "MtlsPopError", code: "network_error" });
  });
});

describe("a call that fails", () => {
  it("is tried again by the SDK when the connection of a GET was reset", async () => {
    world.emulator.faults.add({ on: "custom-api", kind: "reset", times: 2 });
    const { httpClient, send } = orders(world);
    expect((await send("/orders/1")).status).toBe(200);
    expect(arrived()).toHaveLength(3);
    await httpClient.close();
  });

  it("is a RestError with Node's code and the cause", async () => {
    world.emulator.faults.add({ on: "custom-api", kind: "reset", times: 20 });
    const { httpClient, send } = orders(world, {}, { retryOptions: { maxRetries: 0 } });
    const error = await failure(send("/orders/1"));
    world.emulator.faults.clear();
    expect(isRestError(error)).toBe(true);
    expect(error).toMatchObject({ code: "ECONNRESET", cause: { name: "MtlsPopError", code: "network_error" }, request: { method: "GET" } });
    expect(Object.keys(Object(error))).not.toContain("request");
    await httpClient.close();
  });

  it("is not repeated when it may have been carried out", async () => {
    world.emulator.faults.add({ on: "custom-api", kind: "reset", times: 20 });
    const { httpClient, send } = orders(world);
    const error = await failure(send("/orders/1", { method: "POST", body: "once" }));
    world.emulator.faults.clear();
    expect(isRestError(error)).toBe(true);
    expect(error).toMatchObject({ code: "REQUEST_NOT_REPEATED", cause: { code: "network_error" } });
    expect(arrived()).toHaveLength(1);
    await httpClient.close();
  });

  it("is not repeated with what is left of a stream", async () => {
    world.emulator.faults.add({ on: "custom-api", kind: "reset", times: 1 });
    const { httpClient, send } = orders(world);
    const body = new PassThrough();
    body.write("the beginning, ");
    const sending = failure(send("/echo", { method: "PUT", body }));
    await expect.poll(() => arrived().length).toBe(1);
    body.end("the rest");
    expect(await sending).toMatchObject({ name: "RestError", code: "REQUEST_NOT_REPEATED", cause: { code: "network_error" } });
    expect(arrived()).toHaveLength(1);
    await httpClient.close();
  });

  it("is not repeated with nothing of a stream after an answer that the SDK would have again", async () => {
    for (const body of [Readable.from(["all of it"]), new Blob(["all of it"]).stream()]) {
      const before = arrived().length;
      world.emulator.faults.add({ on: "custom-api", kind: "unavailable", retryAfterSeconds: 0, times: 1 });
      const { httpClient, send } = orders(world);
      expect(await failure(send("/echo", { method: "PUT", body }))).toMatchObject({ code: "body_not_replayable" });
      expect(arrived()).toHaveLength(before + 1);
      await httpClient.close();
    }
  });

  it("is repeated in any method when no connection came about", async () => {
    const port = new URL(world.customApi.url).port;
    const nobody = `https://nobody.api.emulator.localhost:${Number(port) === 1 ? 2 : 1}`;
    const { httpClient, credential } = world.clients({ resources: { nobody: { baseUrl: nobody, scope: world.customApi.scope } } });
    const { token } = await credential.getToken(world.customApi.scope);
    const request = createPipelineRequest({
      url: nobody,
      method: "POST",
      headers: createHttpHeaders({ authorization: `Bearer ${token}` }),
    });
    expect(await failure(httpClient.sendRequest(request))).toMatchObject({ name: "RestError", code: "ECONNREFUSED" });
    await httpClient.close();
  });

  it("is not repeated for a server that is not trusted", async () => {
    const { httpClient, credential } = world.clients({
      transport: { lookup: world.emulator.lookup },
      resources: { orders: world.resources.orders },
    });
    const { token } = await credential.getToken(world.customApi.scope);
    const headers = createHttpHeaders({ authorization: `Bearer ${token}` });
    const error = await failure(httpClient.sendRequest(createPipelineRequest({ url: `${world.customApi.url}/echo`, headers })));
    expect(error).toMatchObject({ name: "RestError", code: "REQUEST_NOT_REPEATED", cause: { code: "tls_handshake_failed" } });
    await httpClient.close();
  });

  it("ends with an AbortError on a signal, before and meanwhile, and on its time-out", async () => {
    const aborted = await failure(api.send("/slow", { abortSignal: AbortSignal.abort() }));
    expect(aborted).toMatchObject({ name: "AbortError" });
    expect(arrived()).toEqual([]);
    expect(await failure(api.send("/slow", { timeout: 20 }))).toMatchObject({
      name: "AbortError",
      message: expect.stringContaining("20 ms"),
    });
    const controller = new AbortController();
    const written = world.customApi.stream("waited");
    const waiting = failure(api.send("/stream/waited", { abortSignal: controller.signal }));
    await written.opened;
    controller.abort();
    expect(await waiting).toMatchObject({ name: "AbortError" });
    await written.closed;
  });

  it("has a time-out for the answer's beginning, not for its body", async () => {
    const written = world.customApi.stream("long");
    const reading = api.send("/stream/long", { timeout: 400 });
    await written.opened;
    // a later and longer time-out is the clock that says that the first one has passed
    expect(await failure(api.send("/slow", { timeout: 500 }))).toMatchObject({ name: "AbortError" });
    await written.end();
    expect((await reading).status).toBe(200);
  });

  it("hands on an answer as it came where the SDK did not ask for its encoding, since the SDK counts its bytes", async () => {
    const { credential, httpClient } = api;
    const { token } = await credential.getToken(world.customApi.scope);
    const request = createPipelineRequest({
      url: `${world.customApi.url}/gzip`,
      headers: createHttpHeaders({ authorization: `Bearer ${token}` }),
      streamResponseStatusCodes: new Set([200]),
    });
    const { headers, readableStreamBody } = await httpClient.sendRequest(request);
    const packed = await buffer(readableStreamBody ?? Readable.from([]));
    expect([headers.get("content-encoding"), JSON.parse(gunzipSync(packed).toString())]).toEqual(["gzip", { encoding: "gzip" }]);
    expect(arrived().at(-1)?.headers["accept-encoding"]).toBe("identity");
  });
});

describe("what is refused", () => {
  it("before a token is asked for: http, hosts that are not configured, and TLS settings of the SDK's", async () => {
    const { httpClient } = world.clients();
    const tokens = world.tokenRequests().length;
    const refused = async (url: string, over: object = {}) =>
      (await refusal(httpClient.sendRequest({ ...createPipelineRequest({ url }), ...over }))).code;
    const vault = world.resources.vault.baseUrl;
    expect(await refused(vault.replace("https", "http"), { allowInsecureConnection: true })).toBe("insecure_url");
    expect(await refused("https://elsewhere.example/")).toBe("resource_not_configured");
    expect(await refused(vault, { tlsSettings: { cert: "x" } })).toBe("invalid_options");
    expect(await refused(vault, { requestOverrides: { rejectUnauthorized: false } })).toBe("invalid_options");
    expect(world.tokenRequests()).toHaveLength(tokens);
    await httpClient.close();
  });

  it("to send a request without a handle: it is answered here, and the answer says why", async () => {
    const { httpClient } = world.clients();
    const before = world.vaultRequests().length;
    const answer = await httpClient.sendRequest(createPipelineRequest({ url: `${world.resources.vault.baseUrl}/secrets` }));
    expect(answer).toMatchObject({ status: 401, bodyAsText: expect.stringContaining("makes bound calls only") });
    expect(answer.headers.get("WWW-Authenticate")).toBe('Bearer scope="https://vault.azure.net/.default"');
    await httpClient.close();
    expect(world.vaultRequests().slice(before)).toEqual([]);
  });

  it("calls after close", async () => {
    const { httpClient, secrets } = world.clients();
    await httpClient.close();
    const error = await failure(secrets.getSecret("my-secret"));
    expect([isMtlsPopError(error), Reflect.get(Object(error), "code")]).toEqual([true, "client_closed"]);
  });

  it("options that are wrong", () => {
    const credential = new MtlsPopCredential({ tokens: world.application() });
    const make = (options: unknown) => thrown(() => Reflect.apply(createMtlsPopHttpClient, undefined, [options])).message;
    expect(make({})).toContain("needs `credential`, an MtlsPopCredential");
    expect(make({ credential: { getToken: () => null } })).toContain("takes `credential` as an MtlsPopCredential");
    expect(make({ credential, tokens: world.application() })).toContain("`tokens` is not an option");
    expect(make({ credential, resource: {} })).toContain("did you mean `resources`?");
    expect(make({ credential, resources: { a: { baseUrl: "https://a.example", tokens: world.application() } } })).toContain("has `tokens`");
    expect(make({ credential, resources: { a: { baseUrl: "http://a.example" } } })).toContain("https only");
  });
});
