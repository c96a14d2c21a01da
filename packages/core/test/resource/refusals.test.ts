import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BoundToken } from "../../src/application/bound-token-source.js";
import { createPopClients, type PopClients } from "../../src/resource/pop-clients.js";
import { createPopFetch, type PopFetch } from "../../src/resource/pop-fetch.js";
import { refusal } from "../certificate/authority.js";
import { calling, given } from "./calling.js";

let world: Awaited<ReturnType<typeof calling>>;
let token: BoundToken;
/** Counts what a token was asked for. */
let tokens: ReturnType<typeof given>;
let popFetch: PopFetch;
let pop: PopClients<"orders" | "v1">;
beforeAll(async () => {
  world = await calling();
  token = await world.tokenOf(world.certificate);
  tokens = given(token);
  const { transport, resources } = world;
  popFetch = createPopFetch({ tokens, transport, resources });
  const v1 = { baseUrl: `${world.customApi.urlOf("versioned")}/echo/v1`, scope: world.customApi.scope };
  pop = createPopClients({ tokens, transport, resources: { orders: resources.orders, v1 } });
});
beforeEach(() => {
  tokens.asked = 0;
  world.emulator.forgetRequests();
});
afterAll(async () => {
  await Promise.all([popFetch.close(), pop.close()]);
  await world.close();
});

/** Refused before a token was asked for, and nothing arrived anywhere. */
async function refusedAtOnce(attempt: () => Promise<unknown>): Promise<{ code: string; message: string }> {
  const { code, message } = await refusal(attempt);
  expect(tokens.asked).toBe(0);
  expect(world.emulator.requests).toEqual([]);
  return { code, message };
}

describe("CALL-05 where a bound token may go", () => {
  it("CALL-05 refuses http", async () => {
    const { host } = new URL(world.customApi.url);
    expect(await refusedAtOnce(() => popFetch(`http://${host}/echo`))).toMatchObject({ code: "insecure_url" });
    expect(await refusedAtOnce(() => popFetch("ftp://files.example/x"))).toMatchObject({
      code: "insecure_url",
      message: 'A bound token goes over https only, but the URL begins with "ftp:". Use the resource\'s https URL.',
    });
  });

  it.each([
    "https://evil.example/",
    "https://evilvault.azure.net/",
    "https://vault.azure.net/",
    "https://vault.azure.net.evil.example/",
    "https://a.b.vault.azure.net/",
    "https://.vault.azure.net/",
    "https://contoso.vault.azure.net:8443/",
    "https://contoso.vault.azure.net./",
    "https://graph.microsoft.com/v1.0/me",
    "https://mtlstb.graph.microsoft.com.evil.example/",
    "https://x@evil.vault.azure.net.example/",
  ])("refuses the host of %s", async (url) => {
    const { code } = await refusedAtOnce(() => popFetch(url));
    expect(["resource_not_configured", "invalid_options"]).toContain(code);
  });

  it("CALL-05 refuses another port and another name of a configured host", async () => {
    const other = new URL(world.customApi.url);
    other.port = String(Number(other.port) - 1);
    expect(await refusedAtOnce(() => popFetch(other))).toMatchObject({
      code: "resource_not_configured",
      // what it takes for the next try to work, whoever calls
      message: expect.stringMatching(/resources: \{ name: \{ baseUrl: "https:.+" \} \}.*`scope` where.*profile: "key-vault"/),
    });
    expect(await refusedAtOnce(() => popFetch(`${world.customApi.urlOf("other")}/echo`))).toMatchObject({
      code: "resource_not_configured",
    });
  });

  it.each(["https://user@HOST/echo", "https://user:password@HOST/echo", "https://:password@HOST/echo"])(
    "FETCH-05 refuses user info in %s",
    async (url) => {
      const { host } = new URL(world.customApi.url);
      expect(await refusedAtOnce(() => popFetch(url.replace("HOST", host)))).toMatchObject({ code: "invalid_options" });
    },
  );

  it.each(["/echo", "", "not a url", "https://", "//evil.example"])("FETCH-05 refuses %j, which is no absolute URL", async (input) => {
    expect(await refusedAtOnce(() => popFetch(input))).toMatchObject({ code: "invalid_options" });
  });

  it.each([
    "//evil.example/x",
    "///evil.example/x",
    "/\\evil.example/x",
    "\\\\evil.example/x",
    "\t//evil.example/x",
    "/\t/evil.example/x",
    "/\n/evil.example",
    " \u0000//evil.example/x",
    "https://evil.example/x",
    "HTTPS://evil.example/x",
    "ht\ntps://evil.example/x",
    "https:\\\\evil.example/x",
    "http://HOST/echo",
    "https://user@HOST/echo",
    "javascript:alert(1)",
    "data:text/plain,x",
    "blob:https://HOST/x",
  ])("CALL-05 a named client refuses %j", async (input) => {
    const { host } = new URL(world.customApi.url);
    expect(await refusedAtOnce(() => pop.orders(input.replace("HOST", host)))).toMatchObject({ code: "off_origin_input" });
  });

  it.each([
    "../admin",
    "/../admin",
    "x/../../admin",
    "%2e%2e/admin",
    "/%2E./admin",
    "..\\admin",
    "x\\..\\..\\admin",
    ".\t./admin",
    "..%2fadmin",
    "%2e%2E%2Fadmin",
    "x/.%2e%5cadmin",
    "x%2f..%2f..%2fadmin",
    "x%2f..",
  ])("a named client with a path refuses %j, which leaves it, or would if it were decoded once more", async (input) => {
    expect(await refusedAtOnce(() => pop.v1(input))).toMatchObject({
      code: "off_origin_input",
      message: expect.stringMatching(/leaves its path/),
    });
  });

  it.each(["a%2fb", "..a%2f", "a..%2fb", "%2e%2ea", "a%2f...%2fb"])(
    "a named client with a path takes %j, which stays in it",
    async (input) => {
      expect((await pop.v1(input)).url).toContain(`/echo/v1/${input}`);
    },
  );

  it("a named client refuses a path that only begins like its own", async () => {
    const { host } = new URL(world.customApi.urlOf("versioned"));
    expect(await refusedAtOnce(() => pop.v1(`https://${host}/echo/v10`))).toMatchObject({ code: "off_origin_input" });
  });

  it("a named client refuses a Request and a URL that lead elsewhere", async () => {
    expect(await refusedAtOnce(() => pop.orders(new Request("https://evil.example/x")))).toMatchObject({ code: "off_origin_input" });
    expect(await refusedAtOnce(() => pop.orders(new URL("https://evil.example/x")))).toMatchObject({ code: "off_origin_input" });
  });
});

describe("CALL-07 headers that are not the caller's", () => {
  it.each<[string, () => [string | Request, RequestInit?]]>([
    ["an object", () => [url(), { headers: { Authorization: "Bearer x" } }]],
    ["an object in capitals", () => [url(), { headers: { AUTHORIZATION: "Bearer x" } }]],
    ["an empty value", () => [url(), { headers: { authorization: "" } }]],
    ["a Headers", () => [url(), { headers: new Headers({ authorization: "Bearer x" }) }]],
    ["pairs", () => [url(), { headers: [["AuThOrIzAtIoN", "Bearer x"]] }]],
    ["a Request", () => [new Request(url(), { headers: { authorization: "Bearer x" } })]],
    ["a Request's init", () => [new Request(url()), { headers: { authorization: "Bearer x" } }]],
  ])("CALL-07 refuses an Authorization header in %s", async (_where, call) => {
    const { code } = await refusedAtOnce(() => popFetch(...call()));
    expect(code).toBe("authorization_header_refused");
  });

  it("refuses one in a resource's own headers", async () => {
    const orders = { ...world.resources.orders, headers: { Authorization: "Bearer x" } };
    const { code } = await refusedAtOnce(async () => createPopFetch({ tokens, resources: { orders } }));
    expect(code).toBe("authorization_header_refused");
  });

  it.each([
    "Host",
    "Connection",
    "Keep-Alive",
    "Transfer-Encoding",
    "Upgrade",
    "TE",
    "Trailer",
    "Expect",
    "Proxy-Authorization",
    "\u212Aeep-Alive",
  ])("FETCH-14 refuses the header %s", async (name) => {
    expect(await refusedAtOnce(() => popFetch(url(), { headers: { [name]: "x" } }))).toMatchObject({ code: "invalid_options" });
  });

  it.each<[string, unknown]>([
    ["a line break in a value", { "x-a": "1\r\nauthorization: Bearer x" }],
    ["a line break in a name", { "x-a\r\nauthorization": "Bearer x" }],
    ["a space after the name", { "authorization ": "Bearer x" }],
    ["a name outside ASCII", { "author\u0131zation": "Bearer x" }],
    ["a value outside Latin-1", { "x-a": "\u0105" }],
    ["a triple", [["x-a", "1", "2"]]],
    ["an object as value", { "x-a": {} }],
    ["a string", "x-a: 1"],
  ])("refuses %s", async (_what, headers) => {
    const { code } = await refusedAtOnce(() => popFetch(url(), { headers: headers as NonNullable<RequestInit["headers"]> }));
    expect(code).toBe("invalid_options");
  });
});

describe("what a token source gives", () => {
  it.each<[string, () => unknown]>([
    ["a Bearer token", () => ({ ...fields(), tokenType: "Bearer" })],
    ["a pop token of another kind", () => ({ ...fields(), tokenType: "pop" })],
    ["no token type", () => ({ ...fields(), tokenType: undefined })],
    ["no certificate", () => ({ ...fields(), bindingCertificate: undefined })],
    ["something else as certificate", () => ({ ...fields(), bindingCertificate: { thumbprint: "00" } })],
    ["no token", () => ({ ...fields(), accessToken: undefined })],
    ["an empty token", () => ({ ...fields(), accessToken: "" })],
    ["a token with a line break", () => ({ ...fields(), accessToken: "abc\r\nx: y" })],
    ["nothing", () => undefined],
    ["text", () => token.accessToken],
  ])("token_not_bound: %s never leaves", async (_what, give) => {
    await using own = world.popFetch({ tokens: given(give()) });
    const { code, message } = await refusal(() => own(url()));
    expect(code).toBe("token_not_bound");
    expect(message).not.toContain(token.accessToken.slice(0, 20));
    expect(world.arrived()).toEqual([]);
  });

  it("token_not_bound: an object that was bound when it was first given is looked at again", async () => {
    const changing = { ...fields() };
    await using own = world.popFetch({ tokens: given(changing) });
    expect((await own(url())).status).toBe(200);
    changing.tokenType = "Bearer";
    expect((await refusal(() => own(url()))).code).toBe("token_not_bound");
    expect(world.arrived()).toHaveLength(1);
  });

  it("token_not_bound: a frozen object whose getters change their mind is looked at again", async () => {
    let tokenType = "mtls_pop";
    const changing = Object.freeze({
      ...fields(),
      get tokenType() {
        return tokenType;
      },
    });
    await using own = world.popFetch({ tokens: given(changing) });
    expect((await own(url())).status).toBe(200);
    tokenType = "Bearer";
    expect((await refusal(() => own(url()))).code).toBe("token_not_bound");
    expect(world.arrived()).toHaveLength(1);
  });

  it("what a source throws passes through unchanged", async () => {
    const failure = new Error("no token today");
    for (const acquireBoundToken of [
      () => Promise.reject(failure),
      () => {
        throw failure;
      },
    ]) {
      await using own = world.popFetch({ tokens: { acquireBoundToken } });
      await expect(own(url())).rejects.toBe(failure);
      await expect(own(url(), { method: "POST", body: new FormData() })).rejects.toBe(failure);
    }
    expect(world.arrived()).toEqual([]);
  });

  it("a source without types may give the token itself in place of a promise", async () => {
    await using own = world.popFetch({ tokens: { acquireBoundToken: (() => token) as never } });
    expect((await own(url(), { signal: new AbortController().signal })).status).toBe(200);
  });

  it("the token of one certificate never goes over a kept-alive connection of another", async () => {
    const other = await world.anotherCertificate();
    const sequence = [token, { ...fields(), bindingCertificate: other.certificate }, token];
    await using own = world.popFetch({ tokens: { acquireBoundToken: async () => sequence.shift() ?? token } });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await own(url())).status);
    // the second pairs a token with a certificate that is not its own, so the resource saw that certificate
    expect(statuses).toEqual([200, 401, 200]);
    const shown = world.arrived().map(({ clientCertificate }) => clientCertificate?.equals(world.issued.certificateDer));
    expect(shown).toEqual([true, false, false, true]);
  });
});

function url(): string {
  return `${world.customApi.url}/echo`;
}

function fields() {
  return { accessToken: token.accessToken, tokenType: "mtls_pop", bindingCertificate: world.certificate };
}
