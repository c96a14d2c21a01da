import { randomUUID } from "node:crypto";
import type { ScriptedAnswer } from "@mtls-pop/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startAzureHost } from "../azure-host.js";
import { inChild } from "../child.js";
import { startRawServer } from "../transport/control-servers.js";

let azure: Awaited<ReturnType<typeof startAzureHost>>;
beforeAll(async () => {
  azure = await startAzureHost();
});
afterAll(() => azure.close());
beforeEach(() => azure.emulator.forgetRequests());

const PATH = "/metadata/instance/compute";
const QUERY = { "api-version": "2021-12-13" };
const call = () => ({ correlationId: randomUUID() });
const answer = (...answers: ScriptedAnswer[]) => azure.emulator.instanceMetadata.answerNext(...answers);
const times = (count: number, status: number) => Array<ScriptedAnswer>(count).fill({ status });

describe("a request to the instance metadata service", () => {
  it("says Metadata: true and its correlation id", async () => {
    const { imds } = azure.imds();
    const correlationId = randomUUID();
    const { status, body } = await imds.get(PATH, QUERY, { correlationId });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ location: "westus3" });
    expect(azure.metadataRequests()).toEqual([
      expect.objectContaining({
        method: "GET",
        path: PATH,
        query: QUERY,
        headers: expect.objectContaining({ metadata: "true", "x-ms-client-request-id": correlationId }),
      }),
    ]);
  });

  it("has its body in JSON when it posts", async () => {
    answer({ status: 200, body: "{}" });
    await azure.imds().imds.post("/metadata/identity/issuecredential", { "cred-api-version": "2.0" }, { csr: "AAAA" }, call());
    expect(azure.metadataRequests()).toEqual([
      expect.objectContaining({
        method: "POST",
        query: { "cred-api-version": "2.0" },
        headers: expect.objectContaining({ metadata: "true", "content-type": "application/json; charset=utf-8" }),
        body: Buffer.from('{"csr":"AAAA"}'),
      }),
    ]);
  });

  it.each([404, 408, 429, 500, 503, 599])("MI-09 is sent again after 1, 2 and 4 s on status %d", async (status) => {
    const { imds, clock } = azure.imds();
    answer(...times(3, status));
    expect((await imds.get(PATH, QUERY, call())).status).toBe(200);
    expect(clock.slept).toEqual([1000, 2000, 4000]);
    expect(azure.metadataRequests()).toHaveLength(4);
  });

  it("MI-09 is sent again by the table, whatever Retry-After says", async () => {
    const { imds, clock } = azure.imds();
    answer({ status: 429, headers: { "retry-after": "30" } }, { status: 503, headers: { "retry-after": "3600" } });
    expect((await imds.get(PATH, QUERY, call())).status).toBe(200);
    expect(clock.slept).toEqual([1000, 2000]);
  });

  it("MI-09 is sent again after 1, 2 and 4 s when no answer comes in time", async () => {
    const { imds, clock } = azure.imds({ headersTimeoutMs: 50 });
    answer("hang", "hang", "hang");
    expect((await imds.get(PATH, QUERY, call())).status).toBe(200);
    expect(clock.slept).toEqual([1000, 2000, 4000]);
  });

  it("MI-09 is sent again 7 times, 10 s apart, on status 410", async () => {
    const { imds, clock } = azure.imds();
    answer(...times(7, 410));
    expect((await imds.get(PATH, QUERY, call())).status).toBe(200);
    expect(clock.slept).toEqual(Array(7).fill(10_000));
    expect(azure.metadataRequests()).toHaveLength(8);
  });

  it.each([
    ["410", [410, 503, 404, 429], [10_000, 10_000, 10_000, 10_000]],
    ["503", [503, 410, 410], [1000, 2000, 4000]],
  ] as const)("MI-09 keeps to the schedule of the first answer, %s, whatever comes after it", async (_, statuses, slept) => {
    const { imds, clock } = azure.imds();
    answer(...statuses.map((status) => ({ status })));
    expect((await imds.get(PATH, QUERY, call())).status).toBe(200);
    expect(clock.slept).toEqual(slept);
  });

  it.each([
    [503, 4],
    [410, 8],
  ])("MI-09 that gets status %d at each of %d tries ends with that answer", async (status, tries) => {
    const { imds } = azure.imds();
    answer(...times(tries, status));
    expect((await imds.get(PATH, QUERY, call())).status).toBe(status);
    expect(azure.metadataRequests()).toHaveLength(tries);
  });

  it.each([200, 302, 400, 401, 403, 405])("MI-09 is not sent again on status %d", async (status) => {
    const { imds, clock } = azure.imds();
    answer({ status, body: "{}" });
    expect((await imds.get(PATH, QUERY, call())).status).toBe(status);
    expect(clock.slept).toEqual([]);
  });

  it("MI-09 that stops at a status that does not pass ends with it", async () => {
    const { imds, clock } = azure.imds();
    answer({ status: 503 }, { status: 400 });
    expect((await imds.get(PATH, QUERY, call())).status).toBe(400);
    expect(clock.slept).toEqual([1000]);
  });

  it("takes 404 for the answer when it is a probe, and is sent again on the rest of the table", async () => {
    const { imds, clock } = azure.imds();
    answer({ status: 404 });
    expect((await imds.get(PATH, QUERY, { ...call(), probe: true })).status).toBe(404);
    answer({ status: 500 }, { status: 404 });
    expect((await imds.get(PATH, QUERY, { ...call(), probe: true })).status).toBe(404);
    expect(clock.slept).toEqual([1000]);
  });

  it("waits for a connection no longer than the transport does", async () => {
    const transport = { lookup: () => {}, connectTimeoutMs: 30 };
    const { imds } = azure.imds(transport, { AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://imds.example" });
    const cause = { message: expect.stringContaining("30 ms") };
    await expect(imds.get(PATH, QUERY, call())).rejects.toMatchObject({ code: "timeout", cause });
  });

  it("ends with its signal's reason, also between two tries", async () => {
    const { imds, clock } = azure.imds();
    const controller = new AbortController();
    answer({ status: 503 });
    const sleep = clock.sleep;
    Object.assign(clock, {
      sleep: (ms: number, signal?: AbortSignal) => {
        controller.abort(new Error("enough"));
        return sleep(ms, signal);
      },
    });
    await expect(imds.get(PATH, QUERY, { ...call(), signal: controller.signal })).rejects.toThrow("enough");
    expect(azure.metadataRequests()).toHaveLength(1);
  });

  it("does not follow a redirect", async () => {
    answer({ status: 302, headers: { location: `${azure.emulator.instanceMetadata.url}${PATH}?api-version=2021-12-13` } });
    expect((await azure.imds().imds.get(PATH, QUERY, call())).status).toBe(302);
    expect(azure.metadataRequests()).toHaveLength(1);
  });

  it("refuses an answer of more than 1 MiB", async () => {
    answer({ status: 200, body: "x".repeat(1024 * 1024 + 1) });
    await expect(azure.imds().imds.get(PATH, QUERY, call())).rejects.toMatchObject({
      code: "invalid_managed_identity_response",
      message: expect.stringContaining("managed identity endpoint"),
      cause: expect.objectContaining({ message: expect.stringContaining("1048576 bytes") }),
    });
  });

  it("MI-10 is not sent through a proxy that the environment names, where all else of the process is", async () => {
    let proxied = 0;
    const proxy = await startRawServer((socket) => {
      proxied++;
      socket.end("HTTP/1.1 502 Proxied\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    const HTTP_PROXY = `http://127.0.0.1:${proxy.url("http").port}`;
    const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    const env = { NODE_USE_ENV_PROXY: "1", ...Object.fromEntries(names.map((name) => [name, HTTP_PROXY])) };
    const status = await inChild(
      `import http from "node:http";
       import net from "node:net";
       import { ImdsClient } from "../src/managed-identity/imds-request.ts";
       import { systemClock } from "../src/internal/clock.ts";
       import { Transport } from "../src/transport/transport-options.ts";
       // what NODE_USE_ENV_PROXY does where Node knows it, for node:http and for fetch, whose dispatcher stands under this symbol
       const { hostname, port } = new URL(process.env.HTTP_PROXY);
       const toProxy = (done) => net.connect(port, hostname, done);
       http.globalAgent = Object.assign(new http.Agent(), { createConnection: (_options, done) => toProxy(done) });
       globalThis[Symbol.for("undici.globalDispatcher.1")] = {
         dispatch: (_options, handler) => void toProxy().on("close", () => handler.onError(new Error("The proxy refused."))).resume(),
       };
       const imds = new ImdsClient({ transport: new Transport(), clock: systemClock, env: process.env });
       const url = imds.urlOf("${PATH}");
       const byFetch = await fetch(url).then(({ status }) => status, () => "refused");
       const byHttp = await new Promise((resolve) => http.get(url, ({ statusCode }) => resolve(statusCode)));
       const { status } = await imds.get("${PATH}", ${JSON.stringify(QUERY)}, { correlationId: "${randomUUID()}" });
       console.log(JSON.stringify({ byFetch, byHttp, status }));`,
      { env: { ...env, ...azure.onMachine } },
    );
    await proxy.close();
    expect(status).toEqual({ byFetch: "refused", byHttp: 502, status: 200 });
    expect(proxied).toBe(2);
    expect(azure.metadataRequests()).toHaveLength(1);
  });

  it("says what did not answer, and who has it, where nobody listens", async () => {
    const { imds } = azure.imds({}, { AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://127.0.0.1:1" });
    await expect(imds.get(PATH, QUERY, call())).rejects.toMatchObject({
      code: "network_error",
      message: expect.stringMatching(/instance metadata service at 127\.0\.0\.1:1.+virtual machines/),
      cause: expect.objectContaining({ code: "network_error" }),
    });
  });

  it("says so when no answer came in time at any try", async () => {
    const { imds, clock } = azure.imds({ headersTimeoutMs: 20 });
    answer("hang", "hang", "hang", "hang");
    await expect(imds.get(PATH, QUERY, call())).rejects.toMatchObject({
      code: "timeout",
      message: expect.stringContaining("instance metadata service"),
      cause: expect.objectContaining({ code: "timeout" }),
    });
    expect(clock.slept).toEqual([1000, 2000, 4000]);
  });
});

describe("the address of the instance metadata service", () => {
  const urlOf = (host: string | undefined) => azure.imds({}, { AZURE_POD_IDENTITY_AUTHORITY_HOST: host }).imds.urlOf(PATH, QUERY).href;

  it.each([
    [undefined, "http://169.254.169.254"],
    ["", "http://169.254.169.254"],
    ["  ", "http://169.254.169.254"],
    ["http://127.0.0.1:2579", "http://127.0.0.1:2579"],
    ["http://127.0.0.1:2579/", "http://127.0.0.1:2579"],
    ["https://pod.example/base/", "https://pod.example/base"],
  ])("is, where AZURE_POD_IDENTITY_AUTHORITY_HOST is %j, %s", (host, base) => {
    expect(urlOf(host)).toBe(`${base}${PATH}?api-version=2021-12-13`);
  });

  it("is read anew at each call", () => {
    const env: NodeJS.ProcessEnv = {};
    const { imds } = azure.imds({}, env);
    expect(imds.urlOf("/").host).toBe("169.254.169.254");
    env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = "http://127.0.0.1:2579";
    expect(imds.urlOf("/").host).toBe("127.0.0.1:2579");
  });

  it.each([
    "127.0.0.1",
    "file:///etc",
    "http://",
    "http://user@host",
    "http://host?x=1",
    "http://host#x",
    "http://host\\evil",
    "http://a b",
  ])("is not %j, which is refused by the variable's name", (host) => {
    expect(() => urlOf(host)).toThrow(expect.objectContaining({ code: "settings_invalid", message: expect.stringContaining("AZURE_POD") }));
  });
});
