import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BoundToken, BoundTokenRequest, BoundTokenSource } from "../../src/application/bound-token-source.js";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { MtlsPopError } from "../../src/errors.js";
import { popChallenge } from "../../src/guard/pop-challenge.js";
import { createPopFetch } from "../../src/resource/pop-fetch.js";
import type { ResourceOptions } from "../../src/resource/resource.js";
import { ResourceCaller } from "../../src/resource/resource-caller.js";
import { refusal } from "../certificate/authority.js";
import { calling } from "./calling.js";
import { startOddServer } from "./odd-server.js";

let world: Awaited<ReturnType<typeof calling>>;
let another: Awaited<ReturnType<typeof world.anotherCertificate>>;
beforeAll(async () => {
  world = await calling();
  another = await world.anotherCertificate();
  world.emulator.keyVault.secrets.set("my-secret", "s3cret");
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(() => world.close());

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const GUARD = `www-authenticate: ${popChallenge(new MtlsPopError("token_confirmation_mismatch", "x"), { realm: "orders" })}`;
const MARKER = JSON.stringify({ error: { code: "Unauthorized", message: "MtlsCnfClaimRequestDataValidationFailed" } });

const http = (status: number, body: string | Buffer, ...headers: string[]) =>
  Buffer.concat([
    Buffer.from([`HTTP/1.1 ${status} Odd`, ...headers, `content-length: ${body.length}`, "", ""].join("\r\n")),
    Buffer.from(body),
  ]);
const mismatch = http(401, "", GUARD);
const ok = http(200, "in");

/** A source whose tokens are numbered: the last one, or the next one where it has to be another. */
function numbered(bindingCertificate: BindingCertificate) {
  const asked: BoundTokenRequest[] = [];
  let issued = 0;
  const tokens: BoundTokenSource = {
    acquireBoundToken: async (request) => {
      asked.push(request);
      if (issued === 0 || request.skipCache || request.claims !== undefined) issued++;
      return { accessToken: `token${issued}`, tokenType: "mtls_pop", bindingCertificate };
    },
  };
  return { tokens, asked, renewed: () => asked.filter(({ skipCache }) => skipCache).length };
}

/** Such a source, and a server whose answers wait until the test gives them, by path and token. */
async function waiting() {
  const held = new Map<string, (answer: Buffer) => void>();
  const server = await startOddServer((socket, data) => {
    const [, path, token] = /^GET (\S+).*authorization: pop (\w+)/is.exec(data) ?? [];
    held.set(`${path} ${token}`, (answer) => void socket.write(answer));
  });
  const { tokens, renewed } = numbered(server.certificate);
  const popFetch = server.popFetch({ tokens });
  closers.push(server.close, popFetch.close);
  const give = async (request: string, answer: Buffer) => {
    await expect.poll(() => [...held.keys()]).toContain(request);
    held.get(request)?.(answer);
    held.delete(request);
  };
  return { call: async (path: string) => (await popFetch(`${server.url}${path}`)).status, give, renewed, connections: server.connections };
}

/** A source whose tokens are numbered, and a server that gives these answers in turn, the last one again and again. */
async function refusing(answers: readonly Buffer[], resource: Partial<ResourceOptions> = { authorizationScheme: "pop" }) {
  const seen: string[] = [];
  const server = await startOddServer((socket, data, connection) => {
    const [, authorization = ""] = /authorization: (.+)/i.exec(data) ?? [];
    const answer = answers[Math.min(seen.length, answers.length - 1)] ?? ok;
    seen.push(`${connection} ${authorization}`);
    socket.write(answer);
  });
  const { tokens, asked } = numbered(server.certificate);
  const popFetch = server.popFetch({ tokens, resources: { odd: { ...resource, baseUrl: server.url } } });
  closers.push(server.close, popFetch.close);
  return { ...server, popFetch, seen, asked };
}

describe("a 401 that names a binding mismatch", () => {
  it.each<[string, Buffer]>([
    ["in the challenge of the guard", mismatch],
    ["in the words of Key Vault and Graph", http(401, MARKER)],
    ["in those words, compressed", http(401, gzipSync(MARKER), "content-encoding: gzip")],
    [
      "in those words, in its challenge",
      http(401, "", 'www-authenticate: mtls_pop error_description="MtlsCnfClaimRequestDataValidationFailed"'),
    ],
    ["in its challenge, with a body that is too long to be read", http(401, "x".repeat(100_000), GUARD)],
  ])("REBIND-01 %s is answered with a new token over a new connection", async (_where, refused) => {
    const { popFetch, url, seen, asked } = await refusing([refused, ok]);
    expect(await (await popFetch(url)).text()).toBe("in");
    expect(seen).toEqual(["1 pop token1", "2 pop token2"]);
    expect(asked.map(({ skipCache }) => skipCache)).toEqual([undefined, true]);
    await (await popFetch(url)).text();
    expect(seen.at(-1)).toBe("2 pop token2");
  });

  it("REBIND-01 is said by a vault and by Graph, and they are content with the right token", async () => {
    for (const resource of ["vault", "graph"] as const) {
      world.emulator.forgetRequests();
      const { baseUrl } = world.resources[resource];
      const scope = resource === "vault" ? "https://vault.azure.net/.default" : "https://graph.microsoft.com/.default";
      const [right, other] = await Promise.all([world.certificate, another.certificate].map((one) => world.tokenOf(one, scope)));
      const wrong = { ...right, accessToken: other?.accessToken } as BoundToken;
      const source: BoundTokenSource = { acquireBoundToken: async ({ skipCache }) => (skipCache ? (right as BoundToken) : wrong) };
      await using popFetch = world.popFetch({ tokens: source });
      const path = resource === "vault" ? "/secrets/my-secret?api-version=7.4" : "/v1.0/applications";
      expect((await popFetch(`${baseUrl}${path}`)).status).toBe(200);
      expect(world.arrived().map(({ status }) => status)).toEqual([401, 200]);
      const [first, second] = world.arrived();
      expect(second?.connectionId).not.toBe(first?.connectionId);
      expect(second?.sessionReused).toBe(false);
    }
  });

  it("REBIND-02 is answered once in a call, and then it is the caller's, whole", async () => {
    const { popFetch, url, seen } = await refusing([http(401, MARKER)]);
    const response = await popFetch(url);
    expect([response.status, await response.text()]).toEqual([401, MARKER]);
    expect(seen).toHaveLength(2);
  });

  it("REBIND-02 is not answered anew for a token that was of no use when it was new", async () => {
    const { popFetch, url, seen, asked } = await refusing([mismatch]);
    for (let i = 0; i < 3; i++) expect((await popFetch(url)).status).toBe(401);
    expect(seen).toEqual(["1 pop token1", "2 pop token2", "2 pop token2", "2 pop token2"]);
    expect(asked.filter(({ skipCache }) => skipCache)).toHaveLength(1);
  });

  it("REBIND-02 is answered with one new token for all calls that it is told, also to one that is told later", async () => {
    const { call, give, renewed, connections } = await waiting();
    const [first, second, late] = [call("/first"), call("/second"), call("/late")];
    await Promise.all([give("/first token1", mismatch), give("/second token1", mismatch)]);
    await Promise.all([give("/first token2", ok), give("/second token2", ok)]);
    expect(await Promise.all([first, second])).toEqual([200, 200]);
    await give("/late token1", mismatch);
    await give("/late token2", ok);
    expect(await late).toBe(200);
    expect(renewed()).toBe(1);
    // the first three, and the two that the late call's was among by then
    expect(connections()).toBe(5);
  });

  it("REBIND-02 is not answered anew for a new token that is on trial, and for none when it was of no use", async () => {
    const { call, give, renewed } = await waiting();
    const [first, late] = [call("/first"), call("/late")];
    await give("/first token1", mismatch);
    await expect.poll(renewed).toBe(1);
    const second = call("/second");
    await give("/second token2", mismatch);
    await give("/second token2", mismatch);
    await give("/first token2", mismatch);
    expect(await Promise.all([first, second])).toEqual([401, 401]);
    await give("/late token1", mismatch);
    expect(await late).toBe(401);
    expect(renewed()).toBe(1);
  });

  it("REBIND-02 is answered again when it comes after a time of success", async () => {
    const { popFetch, url, seen } = await refusing([mismatch, ok, mismatch, ok]);
    for (let i = 0; i < 2; i++) expect((await popFetch(url)).status).toBe(200);
    expect(seen).toEqual(["1 pop token1", "2 pop token2", "2 pop token2", "3 pop token3"]);
  });

  it.each<[string, Buffer]>([
    ["invalid_token alone", http(401, "", 'www-authenticate: pop error="invalid_token"')],
    ["another flaw of the token", http(401, "", `www-authenticate: ${popChallenge(new MtlsPopError("token_expired", "x"))}`)],
    [
      "the words outside of a challenge's description",
      http(401, "", 'www-authenticate: pop realm="The token is bound to another certificate."'),
    ],
    ["a missing certificate", http(401, JSON.stringify({ error: { message: "MissingClientCertificate" } }))],
    ["what cannot be decoded", http(401, MARKER, "content-encoding: gzip")],
  ])("REBIND-03 is not %s", async (_what, refused) => {
    const { popFetch, url, seen, asked } = await refusing([refused, ok]);
    expect((await popFetch(url)).status).toBe(401);
    expect(seen).toHaveLength(1);
    expect(asked).toHaveLength(1);
  });

  it("REBIND-03 nor are the words under another status", async () => {
    const { popFetch, url, seen } = await refusing([http(403, MARKER, GUARD), ok]);
    expect(await (await popFetch(url)).text()).toBe(MARKER);
    expect(seen).toHaveLength(1);
  });

  it("REBIND-04 with a token that was handed in is the caller's", async () => {
    const { url, seen, certificate, transport } = await refusing([http(401, MARKER, GUARD)], {});
    const token = { accessToken: "token", tokenType: "mtls_pop", bindingCertificate: certificate };
    const resources = { odd: { baseUrl: url, authorizationScheme: "pop" } } as const;
    await using caller = new ResourceCaller(token, { transport, resources });
    expect(await refusal(caller.callResource(url))).toMatchObject({ statusCode: 401, message: expect.stringMatching(/MtlsCnfClaim/) });
    expect(seen).toHaveLength(1);
  });

  it("REBIND-05 is an error when the request's body was a stream, and no token is asked for", async () => {
    const { popFetch, url, seen, asked } = await refusing([mismatch, ok]);
    const error = await refusal(popFetch(url, { method: "POST", body: new Blob(["once"]).stream(), duplex: "half" }));
    expect(error).toMatchObject({ code: "body_not_replayable", statusCode: 401, message: expect.stringMatching(/another certificate/) });
    expect([seen.length, asked.length]).toEqual([1, 1]);
  });

  it("REBIND-05 sends a body of bytes again, in any method", async () => {
    const { popFetch, url, seen } = await refusing([mismatch, ok]);
    expect((await popFetch(url, { method: "POST", body: "again" })).status).toBe(200);
    expect(seen).toHaveLength(2);
  });

  it("REBIND-06 settles the scheme, which is remembered", async () => {
    const { popFetch, url, seen } = await refusing([http(401, ""), http(401, MARKER), http(401, "")], {});
    expect((await popFetch(url)).status).toBe(401);
    expect(seen).toEqual(["1 pop token1", "1 mtls_pop token1", "2 mtls_pop token2"]);
    await popFetch(url);
    expect(seen[3]).toBe("2 mtls_pop token2");
  });

  it("REBIND-06 goes together with a claims challenge, once each, and the claims stay", async () => {
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: "c1" } } });
    const challenge = `www-authenticate: pop error="insufficient_claims", claims="${Buffer.from(claims).toString("base64")}"`;
    const { popFetch, url, seen, asked } = await refusing([http(401, "", challenge), mismatch, ok]);
    expect((await popFetch(url)).status).toBe(200);
    expect(seen).toEqual(["1 pop token1", "1 pop token2", "2 pop token3"]);
    expect(asked.map(({ claims: asked, skipCache }) => [asked, skipCache])).toEqual([
      [undefined, undefined],
      [claims, undefined],
      [claims, true],
    ]);
  });

  it("REBIND-06 goes together with all else that a call is sent again for, each once", async () => {
    const claims = Buffer.from('{"access_token":{}}').toString("base64");
    const challenged = http(401, "", `www-authenticate: pop error="insufficient_claims", claims="${claims}"`);
    const busy = http(503, "busy", "retry-after: 0");
    const moved = http(307, "", "location: /moved");
    const each = [busy, moved, http(401, ""), challenged, mismatch];
    const { popFetch, url, seen } = await refusing([...each, challenged], {});
    expect((await popFetch(url, { method: "PUT", body: "again" })).status).toBe(401);
    const first = ["1 pop token1", "1 pop token1", "1 pop token1"];
    expect(seen).toEqual([...first, "1 mtls_pop token1", "1 mtls_pop token2", "2 mtls_pop token3"]);
    for (const again of [busy, http(401, ""), mismatch]) {
      const once = await refusing([...each, again], {});
      expect((await once.popFetch(once.url)).status).toBe(again === busy ? 503 : 401);
      expect(once.seen).toHaveLength(6);
    }
  });

  it("REBIND-07 closes the connections that are busy at the time when they are done", async () => {
    let answerFirst = () => {};
    const seen: string[] = [];
    const server = await startOddServer((socket, data, connection) => {
      const [, path = ""] = data.split(" ");
      seen.push(`${connection} ${path}`);
      if (path === "/waits") answerFirst = () => void socket.write(ok);
      else socket.write(path === "/wrong" && seen.length === 2 ? mismatch : ok);
    });
    await using popFetch = server.popFetch();
    const waits = popFetch(`${server.url}/waits`);
    await expect.poll(() => seen).toEqual(["1 /waits"]);
    expect((await popFetch(`${server.url}/wrong`)).status).toBe(200);
    expect(seen).toEqual(["1 /waits", "2 /wrong", "3 /wrong"]);
    answerFirst();
    expect(await (await waits).text()).toBe("in");
    await expect.poll(server.open).toBe(1);
    await popFetch(`${server.url}/next`);
    expect(seen.at(-1)).toBe("3 /next");
    await server.close();
  });

  it("REBIND-08 is answered with the certificate of the new token", async () => {
    let current = world.certificate;
    const application = world.application({ certificate: () => current });
    const stale = await application.acquireBoundToken({ scopes: [world.resources.orders.scope] });
    current = another.certificate;
    const source: BoundTokenSource = {
      acquireBoundToken: (request) => (request.skipCache ? application.acquireBoundToken(request) : Promise.resolve(stale)),
    };
    const server = await startOddServer((socket) => {
      const shown = socket.getPeerCertificate().fingerprint256?.replaceAll(":", "");
      socket.write(shown === another.certificate.thumbprintSha256.toUpperCase() ? ok : mismatch);
    });
    const { ca = [] } = server.transport;
    const resources = { odd: { baseUrl: server.url, authorizationScheme: "pop", scope: world.resources.orders.scope } } as const;
    await using popFetch = createPopFetch({ tokens: source, resources, transport: { ...server.transport, ca } });
    expect((await popFetch(server.url)).status).toBe(200);
    expect(server.connections()).toBe(2);
    await server.close();
  });
});
