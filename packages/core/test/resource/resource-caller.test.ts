import type { LookupFunction } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AuthenticationResult } from "../../src/application/authentication-result.js";
import type { BoundToken } from "../../src/application/bound-token-source.js";
import { ResourceCaller, type ResourceCallerOptions } from "../../src/resource/resource-caller.js";
import { refusal } from "../certificate/authority.js";
import { VAULT_SCOPE } from "../emulated.js";
import { calling, echoed } from "./calling.js";
import { startOddServer } from "./odd-server.js";

let world: Awaited<ReturnType<typeof calling>>;
let result: AuthenticationResult;
let options: ResourceCallerOptions;
let url: string;
beforeAll(async () => {
  world = await calling();
  ({ url } = world.customApi);
  result = await world.application().acquireBoundToken({ scopes: [world.customApi.scope] });
  options = { transport: world.transport, resources: { orders: { baseUrl: url } } };
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(() => world.close());

describe("ResourceCaller", () => {
  it("made with a result calls with its token and its certificate", async () => {
    await using caller = new ResourceCaller(result, options);
    expect(JSON.parse(await caller.callResource(`${url}/echo`))).toMatchObject({
      authorizationScheme: "pop",
      certificateSha256: world.certificate.thumbprintSha256.toUpperCase(),
    });
    await caller.callResource(new URL(`${url}/echo`), { method: "POST", body: "x" });
    await caller.callResource(new Request(`${url}/echo`));
    expect(world.tokenRequests()).toEqual([]);
  });

  it("made with a certificate calls with the token that comes with each call", async () => {
    await using caller = new ResourceCaller(world.certificate, options);
    const response = caller.callResourceFullResponse(`${url}/echo`, { popToken: result.accessToken });
    expect((await echoed(response)).clientId).toBe(world.clientId);
  });

  it("takes one token or the other, and never none or both", async () => {
    await using byResult = new ResourceCaller(result, options);
    await using byCertificate = new ResourceCaller(world.certificate, options);
    expect(await refusal(byResult.callResource(`${url}/echo`, { popToken: "x" }))).toMatchObject({ code: "invalid_options" });
    expect(await refusal(byCertificate.callResource(`${url}/echo`))).toMatchObject({ code: "invalid_options" });
    for (const popToken of ["", "a b", "a\r\nb: c", 1 as never, null as never]) {
      expect((await refusal(byCertificate.callResource(`${url}/echo`, { popToken }))).code).toBe("token_not_bound");
    }
    expect(world.emulator.requests).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["a Bearer result", () => ({ accessToken: "x", tokenType: "Bearer" })],
    ["a result without certificate", () => ({ accessToken: "x", tokenType: "mtls_pop" })],
    ["PEM text", () => world.issued.certificatePem],
  ])("refuses to be made with %s", async (_what, binding) => {
    expect((await refusal(() => new ResourceCaller(binding() as BoundToken))).code).toBe("token_not_bound");
  });

  it.each<[string, unknown]>([
    ["an unknown option", { resource: {} }],
    ["a resource with tokens of its own", { resources: { a: { baseUrl: "https://a.example", tokens: { acquireBoundToken() {} } } } }],
    ["a resource with a scope", { resources: { a: { baseUrl: "https://a.example", scope: "x" } } }],
    ["a resource that is none", { resources: { a: null } }],
  ])("refuses %s", async (_what, given) => {
    expect((await refusal(() => new ResourceCaller(result, given as ResourceCallerOptions))).code).toBe("invalid_options");
  });

  it("does not hand a token for one known resource to another one", async () => {
    const graph = {
      accessToken: "x",
      tokenType: "mtls_pop",
      bindingCertificate: world.certificate,
      scopes: ["https://graph.microsoft.com/.default"],
    };
    const transport = { ...world.transport, lookup: refusingLookup };
    await using caller = new ResourceCaller(graph, { transport });
    expect((await refusal(caller.callResource("https://contoso.vault.azure.net/secrets/x"))).code).toBe("resource_not_configured");
    // to its own it goes, as far as the name
    expect((await refusal(caller.callResource("https://mtlstb.graph.microsoft.com/v1.0/me"))).message).toMatch(/no name today/);
  });

  it("says client_closed after close()", async () => {
    const caller = new ResourceCaller(result, options);
    await caller.callResource(`${url}/echo`);
    await caller.close();
    await caller[Symbol.asyncDispose]();
    expect((await refusal(caller.callResource(`${url}/echo`))).code).toBe("client_closed");
  });

  it("hands a claims challenge to the caller, since it can have no new token", async () => {
    await using caller = new ResourceCaller(result, options);
    const error = await refusal(caller.callResource(`${url}/claims?value=c3`));
    expect(error).toMatchObject({ code: "resource_error", statusCode: 401 });
    expect(JSON.parse(error.claims ?? "")).toEqual({ access_token: { acrs: { essential: true, value: "c3" } } });
    expect(world.arrived()).toHaveLength(1);
  });
});

describe("resource_error", () => {
  let close = async () => {};
  afterEach(() => close());

  /** The error for an answer that an odd server writes. */
  async function errorFor(status: string, body: string, ...headers: string[]) {
    const server = await startOddServer((socket) => {
      socket.write([`HTTP/1.1 ${status}`, ...headers, `content-length: ${Buffer.byteLength(body)}`, "", body].join("\r\n"));
    });
    close = server.close;
    const token = { accessToken: "token", tokenType: "mtls_pop", bindingCertificate: server.certificate };
    const resources = { odd: { baseUrl: server.url, authorizationScheme: "pop" as const } };
    await using caller = new ResourceCaller(token, { transport: server.transport, resources });
    return refusal(caller.callResource(server.url));
  }

  it("has a vault's own words", async () => {
    const { keyVault } = world.emulator;
    const token = await world.application().acquireBoundToken({ scopes: [VAULT_SCOPE] });
    const resources = { vault: { baseUrl: keyVault.url, profile: "key-vault" as const } };
    await using caller = new ResourceCaller(token, { transport: world.transport, resources });
    const error = await refusal(caller.callResource(`${keyVault.url}/secrets/none?api-version=7.4`));
    expect(error).toMatchObject({ code: "resource_error", kind: "service", statusCode: 404, retryable: false });
    expect(error.message).toMatch(/^contoso\.vault\.emulator\.localhost:\d+ answered 404: SecretNotFound: A secret with/);
  });

  it("has Graph's own words and its request id", async () => {
    const { graph } = world.emulator;
    const token = await world.application().acquireBoundToken({ scopes: ["https://graph.microsoft.com/.default"] });
    const resources = { graph: { baseUrl: graph.url, profile: "graph" as const } };
    await using caller = new ResourceCaller(token, { transport: world.transport, resources });
    const error = await refusal(caller.callResource(`${graph.url}/v1.0/nothing`));
    expect(error.message).toMatch(/answered 400: BadRequest: Resource not found for the segment 'nothing'/);
    expect(error.correlationId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ["throttle", 429, 7],
    ["unavailable", 503, 7],
  ] as const)("of the fault %s can be retried, in its time", async (kind, statusCode, retryAfterSeconds) => {
    world.emulator.faults.add({ on: "custom-api", kind, retryAfterSeconds });
    await using caller = new ResourceCaller(result, { ...options, retry: false });
    expect(await refusal(caller.callResource(`${url}/echo`))).toMatchObject({ statusCode, retryable: true, retryAfterSeconds });
  });

  it.each<[string, string, RegExp]>([
    ["a page of HTML", "<html>\r\n  <h1>Bad\u0007 Gateway</h1>\n</html>", /answered 502: <html> <h1>Bad Gateway<\/h1> <\/html>\. Try/],
    ["nothing", "", /answered 502 without a word\. Try/],
    ["OAuth's JSON", '{"error":"odd","error_description":"it is odd."}', /answered 502: odd: it is odd\. Try/],
    ["JSON of another kind", "[1]", /answered 502: \[1\]\. Try/],
    ["an error of another kind", '{"error":{"code":5}}', /answered 502/],
    ["a text of one kind of letters", "x".repeat(2000), /answered 502: x{500}\u2026\. Try/],
  ])("of %s is one line", async (_what, body, message) => {
    expect((await errorFor("502 Bad Gateway", body)).message).toMatch(message);
  });

  it("shows no token that the resource quotes", async () => {
    const { accessToken } = result;
    const message = `Token ${accessToken} was refused, ${accessToken.split(".").slice(0, 2).join(".")} too`;
    for (const body of [JSON.stringify({ error: { code: "no", message } }), `<b>${message}</b>`]) {
      const error = await errorFor("403 Forbidden", body);
      expect(error.message).toMatch(/Token \[JWT\] was refused, \[JWT\] too/);
      expect(JSON.stringify(error)).not.toContain(accessToken.split(".")[1]);
      await close();
    }
  });

  it.each(["result", "certificate"] as const)("shows no opaque token either, which the caller was given as or with a %s", async (given) => {
    const accessToken = "opaque-and-secret.+/==";
    const server = await startOddServer((socket) => {
      const body = `${"x".repeat(400)} Invalid token ${accessToken}, ${accessToken}`;
      socket.write(`HTTP/1.1 401 Unauthorized\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    ({ close } = server);
    const token = { accessToken, tokenType: "mtls_pop", bindingCertificate: server.certificate };
    const resources = { odd: { baseUrl: server.url } };
    await using caller = new ResourceCaller(given === "result" ? token : server.certificate, { transport: server.transport, resources });
    const error = await refusal(caller.callResource(server.url, given === "result" ? {} : { popToken: accessToken }));
    expect(error.message).toContain("Invalid token [token], [token].");
  });

  it("of a body that is made to be slow to look through comes at once", async () => {
    expect((await errorFor("400 Bad Request", "eyJ-".repeat(16_000))).code).toBe("resource_error");
  });

  it("BOUNDS-05 of a body without end reads its beginning, and gives the connection up", async () => {
    const server = await startOddServer((socket) => {
      socket.write("HTTP/1.1 500 Endless\r\ncontent-type: text/plain\r\n\r\n");
      const more = () => {
        if (socket.destroyed) return;
        if (socket.write("more ".repeat(2000))) setImmediate(more);
        else socket.once("drain", more);
      };
      more();
    });
    ({ close } = server);
    const token = { accessToken: "token", tokenType: "mtls_pop", bindingCertificate: server.certificate };
    await using caller = new ResourceCaller(token, { transport: server.transport, resources: { odd: { baseUrl: server.url } } });
    expect((await refusal(caller.callResource(server.url))).message).toMatch(/answered 500: more more/);
    await expect.poll(server.open).toBe(0);
  });

  it("of a body that is cut still tells the status", async () => {
    const server = await startOddServer((socket) => void socket.end("HTTP/1.1 500 Cut\r\ncontent-length: 100\r\n\r\nhalf"));
    ({ close } = server);
    const token = { accessToken: "token", tokenType: "mtls_pop", bindingCertificate: server.certificate };
    await using caller = new ResourceCaller(token, { transport: server.transport, resources: { odd: { baseUrl: server.url } } });
    expect((await refusal(caller.callResource(server.url))).message).toMatch(/answered 500: half/);
  });

  it("has the id of the request only when it looks like one", async () => {
    expect((await errorFor("500 Odd", "", "x-ms-request-id: abc")).correlationId).toBe("abc");
    await close();
    expect((await errorFor("500 Odd", "", `x-ms-request-id: ${"a".repeat(500)}`)).correlationId).toBeUndefined();
  });
});

const refusingLookup: LookupFunction = (_name, _options, done) => done(new Error("no name today"), "", 4);
