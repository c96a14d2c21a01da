import { createPrivateKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { app } from "@azure/functions";
import type { FunctionsHost } from "@mtls-pop/emulator";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { withMtlsPop } from "../src/index.js";
import { type LocalApp, localApp, secretPath, vault } from "./local-app.js";

let local: LocalApp;

beforeAll(async () => {
  local = await localApp();
});

afterEach(() => local.emulator.faults.clear());

afterAll(() => local.close());

const register = () =>
  app.get("readSecret", {
    handler: withMtlsPop({ resources: { vault } }, async (_request, _context, clients) => {
      return { status: (await clients.vault(secretPath)).status };
    }),
  });

async function call(host: FunctionsHost) {
  const response = await fetch(`${host.url}/api/readSecret`);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** A certificate file that is gone after the test. */
async function temporaryFile(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "certificate-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "app.pem");
  await writeFile(path, content);
  return path;
}

const errorLines = (host: FunctionsHost): string[] => host.logs.filter(({ level }) => level === "error").map(({ message }) => message);

describe("an error of the toolkit, over HTTP", () => {
  it("is a 500 with the code and the token request's correlation id when trying again is of no use", async () => {
    const host = await local.host(register);
    local.emulator.faults.add({ on: "token", kind: "entra-error", code: 392189 });
    const { status, headers, text } = await call(host);
    const correlationId = local.requests("token")[0]?.headers["client-request-id"];
    expect(status).toBe(500);
    expect(JSON.parse(text)).toEqual({ error: { code: "invalid_client", correlationId } });
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.has("retry-after")).toBe(false);
  });

  it("is logged once, in one line, with code, help, correlation id and Entra's number", async () => {
    const host = await local.host(register);
    local.emulator.faults.add({ on: "token", kind: "entra-error", code: 392189 });
    await call(host);
    const [line, ...others] = errorLines(host);
    expect(others).toEqual([]);
    expect(line).toMatch(/^\[mtls-pop\] invalid_client: /);
    expect(line).toContain(`correlation id ${local.requests("token")[0]?.headers["client-request-id"]}`);
    expect(line).toContain("AADSTS 392189");
    expect(line).toContain("subject name and issuer");
    expect(line).not.toMatch(/[\r\n]/);
    expect(host.logs[0]).toMatchObject({ category: "user", functionName: "readSecret" });
  });

  it("is a 503 with Retry-After when the service says when to come back, and so is the next, without another request", async () => {
    const host = await local.host(register);
    local.emulator.faults.add({ on: "token", kind: "throttle", retryAfterSeconds: 17 });
    const first = await call(host);
    expect([first.status, first.headers.get("retry-after")]).toEqual([503, "17"]);
    const second = await call(host);
    expect([second.status, JSON.parse(second.text).error.code]).toEqual([503, "throttled"]);
    expect(second.headers.get("retry-after")).toMatch(/^1[0-7]$/);
    expect(local.requests("token")).toHaveLength(1);
  });

  it("is a 503 without Retry-After when trying again can help, nobody knows when", async () => {
    const host = await local.host(register);
    local.emulator.faults.add({ on: "key-vault", kind: "reset", times: 2 });
    const { status, headers, text } = await call(host);
    expect([status, headers.has("retry-after")]).toEqual([503, false]);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "network_error" } });
  });

  it("recovers with the next call, since no failure is remembered", async () => {
    const host = await local.host(register);
    local.emulator.faults.add({ on: "token", kind: "downgrade" });
    expect((await call(host)).status).toBe(500);
    expect((await call(host)).status).toBe(200);
  });

  it.each([
    { on: "token", kind: "downgrade" },
    { on: "token", kind: "wrong-confirmation" },
    { on: "token", kind: "no-confirmation" },
    { on: "token", kind: "bad-json" },
    { on: "key-vault", kind: "reset", times: 2 },
  ] as const)("tells neither caller nor log a token or a key after the fault $kind", async (fault) => {
    const host = await local.host(register);
    local.emulator.faults.add(fault);
    const { status, text } = await call(host);
    expect(status).toBeGreaterThanOrEqual(500);
    const told = [text, ...host.logs.map(({ message }) => message)].join("\n");
    const keyLine = local.certificate.privateKeyPem.split("\n")[1] ?? "";
    expect(keyLine).toHaveLength(64);
    for (const secret of [/eyJ[\w-]+/, keyLine, ...local.shownTokens()]) expect(told).not.toMatch(secret);
    expect(text).not.toContain(local.settings.AZURE_CLIENT_ID);
  });

  it("tells neither caller nor log a passphrase that does not open the certificate", async () => {
    const encrypted = createPrivateKey(local.certificate.privateKeyPem).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "the-right-one",
    });
    const path = await temporaryFile(local.certificate.certificatePem + encrypted);
    const settings = { AZURE_CLIENT_CERTIFICATE_PATH: path, AZURE_CLIENT_CERTIFICATE_PASSWORD: "hunter2" };
    const host = await local.host(register, settings);
    const { status, text } = await call(host);
    expect([status, JSON.parse(text).error.code]).toEqual([500, "certificate_passphrase_wrong"]);
    expect([text, ...host.logs.map(({ message }) => message)].join("\n")).not.toContain("hunter2");
  });

  it("names all missing settings at once: to the log by name, to the caller by code", async () => {
    const missing = { AZURE_TENANT_ID: undefined, AZURE_CLIENT_ID: " ", AZURE_CLIENT_CERTIFICATE_PATH: "", KEY_VAULT_URL: undefined };
    const host = await local.host(register, missing);
    const { status, text } = await call(host);
    expect(status).toBe(500);
    expect(JSON.parse(text)).toEqual({ error: { code: "settings_missing", correlationId: expect.stringMatching(/^[\da-f-]{36}$/) } });
    const [line] = errorLines(host);
    for (const name of [...Object.keys(missing), "MTLS_POP_CLIENT_CERTIFICATE", "local.settings.json"]) expect(line).toContain(name);
    expect(local.requests("token")).toEqual([]);
  });

  it.each([
    [{ AZURE_TENANT_ID: "not a tenant" }, "invalid_authority", "AZURE_TENANT_ID is `tenantId`"],
    [{ AZURE_AUTHORITY_HOST: "login.microsoftonline.us" }, "invalid_authority", "AZURE_AUTHORITY_HOST is `authority`"],
    [{ AZURE_AUTHORITY_HOST: "https://login.evil.example" }, "untrusted_authority", "MTLS_POP_KNOWN_AUTHORITIES is `knownAuthorities`"],
    [{ MTLS_POP_KNOWN_AUTHORITIES: "a b" }, "invalid_options", "MTLS_POP_KNOWN_AUTHORITIES is `knownAuthorities`"],
    [{ KEY_VAULT_URL: "contoso" }, "invalid_options", 'KEY_VAULT_URL is `baseUrl` of the resource "vault"'],
    [{ KEY_VAULT_URL: "http://contoso.vault.azure.net" }, "insecure_url", 'KEY_VAULT_URL is `baseUrl` of the resource "vault"'],
  ])("says which setting an option comes from: %j", async (env, code, words) => {
    const host = await local.host(register, env);
    const { status, text } = await call(host);
    expect([status, JSON.parse(text).error.code]).toEqual([500, code]);
    expect(errorLines(host)).toEqual([expect.stringContaining(words)]);
  });

  it("is over when the settings come, without a restart", async () => {
    const host = await local.host(register, { KEY_VAULT_URL: "" });
    expect((await call(host)).status).toBe(500);
    process.env["KEY_VAULT_URL"] = ` ${local.settings.KEY_VAULT_URL}\n`;
    expect((await call(host)).status).toBe(200);
  });

  it("is an expired certificate, and over when its file is renewed, without a restart", async () => {
    const subject = `CN=${local.settings.AZURE_CLIENT_ID}`;
    const expired = await local.emulator.issueCertificate({ subject, notAfter: new Date(Date.now() - 60_000) });
    const path = await temporaryFile(expired.chainPem + expired.privateKeyPem);
    const host = await local.host(register, { AZURE_CLIENT_CERTIFICATE_PATH: path });
    const { status, text } = await call(host);
    expect([status, JSON.parse(text).error.code]).toEqual([500, "certificate_expired"]);
    expect(errorLines(host)[0]).toContain(path);
    expect(local.requests("token")).toEqual([]);
    const renewed = await local.emulator.issueCertificate({ subject });
    await writeFile(path, renewed.chainPem + renewed.privateKeyPem);
    expect((await call(host)).status).toBe(200);
    expect(local.requests("key-vault")[0]?.clientCertificate).toEqual(renewed.certificateDer);
  });

  it("is a certificate that cannot be read, named in the log by its setting's file", async () => {
    const host = await local.host(register, { AZURE_CLIENT_CERTIFICATE_PATH: "/nowhere/app.pem" });
    const { status, text } = await call(host);
    expect([status, JSON.parse(text).error.code]).toEqual([500, "certificate_unreadable"]);
    expect(text).not.toContain("nowhere");
    expect(errorLines(host)[0]).toContain("/nowhere/app.pem");
  });
});
