import { inspect } from "node:util";
import type { TokenCredential } from "@azure/core-auth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../../../emulator/src/server/answer.js";
import { loopbackLookup } from "../../../emulator/src/server/loopback-lookup.js";
import { certificateFromKeyVault } from "../../src/key-vault/index.js";
import { authority, type IssuedCertificate, issue } from "../certificate/authority.js";
import { inChild } from "../child.js";
import { startControlServer } from "../transport/control-servers.js";

const CHALLENGE = 'Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"';

/** What answers in a vault's place, by the first part of the path; requests without a token get the vault's challenge. */
let answers: Record<string, Answer> = {};
const hosts: string[] = [];
let server: Awaited<ReturnType<typeof startControlServer>>;
let issued: IssuedCertificate;
let vaultUrl: string;
beforeAll(async () => {
  issued = await issue();
  server = await startControlServer({
    answersTo: () => true,
    handle: ({ request }) => {
      hosts.push(request.host);
      if (request.headers["authorization"] === undefined) return { status: 401, headers: { "www-authenticate": CHALLENGE } };
      return answers[request.path.split("/")[1] ?? ""] ?? { status: 404 };
    },
  });
  vaultUrl = `https://contoso.vault.azure.net:${server.port}`;
});
afterEach(() => {
  answers = {};
  hosts.length = 0;
});
afterAll(() => server.close());

const json = (body: unknown, status = 200): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const id = (kind: string) => `https://contoso.vault.azure.net/${kind}/orders/1`;
const certificate = () => json({ id: id("certificates"), sid: id("secrets"), attributes: { enabled: true }, cer: "" });
const secret = () =>
  JSON.stringify({ value: `${issued.privateKeyPem}${issued.chainPem}`, id: id("secrets"), attributes: { enabled: true } });
const identity: TokenCredential = { getToken: async () => ({ token: "the-token", expiresOnTimestamp: Date.now() + 3_600_000 }) };

const source = (credential = identity) =>
  certificateFromKeyVault({
    vaultUrl,
    name: "orders",
    credential,
    transport: { ca: authority.rootPem, lookup: loopbackLookup(() => true) },
    clientOptions: { retryOptions: { maxRetries: 0 } },
  });
const refusal = () =>
  Promise.resolve(source()()).then(
    () => Promise.reject(new Error("It was expected to fail.")),
    (error: unknown) => error,
  );

describe("what answers in a vault's place", () => {
  it.each<[string, Answer]>([
    ["nothing", json("")],
    ["null", json("null")],
    ["an array", json([])],
    ["an object without anything", json({})],
    ["a value that is no text", json({ id: id("secrets"), sid: 5, value: 5, attributes: {} })],
    ["a login page", { status: 200, headers: { "content-type": "text/html" }, body: "<html>Log in" }],
    ["half an answer", json('{"id": "https')],
  ])("with %s is told, and is no failure of the identity", async (_what, answer) => {
    for (const all of [{ certificates: answer }, { certificates: certificate(), secrets: answer }]) {
      answers = all;
      expect(await refusal()).toMatchObject({
        code: "key_vault_error",
        message: expect.stringContaining("that is not what Key Vault says"),
        help: expect.stringContaining("no proxy or login page"),
      });
    }
  });

  it("with a redirect to another host gets nothing there", async () => {
    answers = { certificates: { status: 302, headers: { location: `https://elsewhere.example:${server.port}/` }, body: "" } };
    expect(await refusal()).toMatchObject({ code: "key_vault_error" });
    expect(hosts.filter((host) => !host.startsWith("contoso.vault.azure.net"))).toEqual([]);
  });

  it("with a failure that is no JSON keeps the meaning of its status", async () => {
    answers = { certificates: json("<html>Service Unavailable", 503) };
    expect(await refusal()).toMatchObject({
      code: "key_vault_error",
      statusCode: 503,
      retryable: true,
      message: expect.not.stringContaining("<html>"),
    });
  });
});

it.each([200, 500])("a secret that is cut off, with status %d, stands in no error", async (status) => {
  answers = { certificates: certificate(), secrets: json(secret().slice(0, -20), status) };
  const error = await refusal();
  const printed = `${inspect(error, { depth: 12, showHidden: true, customInspect: false })} ${JSON.stringify(error)} ${error}`;
  expect(printed).toContain("key_vault_error");
  expect(printed).not.toContain(issued.privateKeyPem.split("\n")[1]);
  expect(printed).not.toContain("the-token");
});

it("an identity that fails while its last token still holds ends no process", async () => {
  answers = { certificates: certificate(), secrets: json(secret()) };
  const code = `
    import { certificateFromKeyVault } from "../src/key-vault/index.js";
    const lookup = (name, options, done) =>
      options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
    let isDown = false;
    const getToken = async () => {
      if (isDown) throw new Error("The identity is down.");
      return { token: "the-token", expiresOnTimestamp: Date.now() + 1500, refreshAfterTimestamp: Date.now() };
    };
    let now = Date.now();
    const said = [];
    let told;
    const warned = new Promise((resolve) => (told = resolve));
    const source = certificateFromKeyVault({
      vaultUrl: process.env.VAULT, name: "orders", credential: { getToken }, transport: { ca: process.env.CA, lookup }, now: () => now,
      logger: { warn: told, info: told },
    });
    const { thumbprint } = await source();
    isDown = true;
    now += 3_600_000;
    source();
    const warning = await warned;
    console.log(JSON.stringify({ thumbprint, warning }));`;
  expect(await inChild(code, { env: { CA: authority.rootPem, VAULT: vaultUrl } })).toEqual({
    thumbprint: issued.thumbprint,
    warning: expect.stringContaining("The identity is down."),
  });
});
