import { createHash, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, type IssuedCertificate, startEmulator } from "../../src/index.js";
import { type BoundCaller, boundCaller } from "../bound-caller.js";
import type { ClientAnswer, HttpsClient } from "../server/https-client.js";

let emulator: Emulator;
let caller: BoundCaller;
let client: HttpsClient;
let authorization: string;
let issued: IssuedCertificate;
beforeAll(async () => {
  emulator = await startEmulator();
  caller = await boundCaller(emulator);
  client = caller.client({ maxVersion: "TLSv1.2" });
  authorization = `mtls_pop ${await caller.token("https://vault.azure.net/.default")}`;
  issued = await emulator.issueCertificate({ keyType: "EC-P256" });
});
afterAll(async () => {
  caller.close();
  await emulator.close();
});

function ask(path: string, method = "GET", body?: unknown): Promise<ClientAnswer> {
  const url = new URL(path, emulator.keyVault.url);
  url.searchParams.set("api-version", "2025-07-01");
  return client.get(url.href, {
    method,
    headers: { authorization, "x-ms-tokenboundauth": "true" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

interface Page {
  readonly value: readonly { readonly id: string }[];
  readonly nextLink: string | null;
}

async function pageAt(path: string): Promise<Page> {
  const answer = await ask(path);
  expect(answer.status).toBe(200);
  return answer.json() as Page;
}

const names = ({ value }: Page) => value.map(({ id }) => id.split("/")[4]);
const pem = () => `${issued.certificatePem}\n${issued.privateKeyPem}`;

describe("a list", () => {
  it("comes in pages, each with the link to the next, and shows no values", async () => {
    await using other = await startEmulator();
    const stranger = await boundCaller(other);
    for (const name of ["a", "b", "c"]) other.keyVault.secrets.set(name, "hidden");
    const headers = {
      authorization: `mtls_pop ${await stranger.token("https://vault.azure.net/.default")}`,
      "x-ms-tokenboundauth": "true",
    };
    const over = stranger.client({ maxVersion: "TLSv1.2" });
    const first = await over.get(`${other.keyVault.url}/secrets?api-version=7.4&maxresults=2`, { headers });
    const page = first.json() as Page;
    expect(names(page)).toEqual(["a", "b"]);
    expect(JSON.stringify(page)).not.toContain("hidden");
    const last = (await over.get(String(page.nextLink), { headers })).json() as Page;
    expect([names(last), last.nextLink]).toEqual([["c"], null]);
    stranger.close();
  });

  it("has the versions of one secret", async () => {
    const versions = ["1", "2"].map((value) => emulator.keyVault.secrets.set("many", value).version);
    expect((await pageAt("/secrets/many/versions")).value.map(({ id }) => id.split("/")[5])).toEqual(versions);
    expect(await pageAt("/secrets/nobody/versions")).toEqual({ value: [], nextLink: null });
  });

  it.each(["0", "26", "x"])("has no page of %s", async (size) => {
    expect((await ask(`/secrets?maxresults=${size}`)).status).toBe(400);
  });
});

describe("a secret", () => {
  it("is changed in place, and not when it is not there", async () => {
    const { version } = emulator.keyVault.secrets.set("changed", "x");
    const answer = await ask(`/secrets/changed/${version}`, "PATCH", { attributes: { enabled: false }, tags: { a: "b" } });
    expect(answer.json()).toMatchObject({ attributes: { enabled: false }, tags: { a: "b" } });
    expect(emulator.keyVault.secrets.get("changed")).toMatchObject({ version, value: "x", enabled: false });
    expect((await ask(`/secrets/changed/${"0".repeat(32)}`, "PATCH", {})).status).toBe(404);
  });

  it("that is deleted can be seen among the deleted ones, recovered, and purged", async () => {
    emulator.keyVault.secrets.set("gone", "hidden");
    const deleted = await ask("/secrets/gone", "DELETE");
    expect(deleted.json()).toMatchObject({ recoveryId: `${emulator.keyVault.url}/deletedsecrets/gone`, deletedDate: expect.any(Number) });
    expect(deleted.json()).not.toHaveProperty("value");
    expect((await ask("/secrets/gone")).status).toBe(404);
    expect((await ask("/secrets/gone", "PUT", { value: "again" })).json()).toMatchObject({
      error: { code: "Conflict", innererror: { code: "ObjectIsDeletedButRecoverable" } },
    });
    expect((await ask("/deletedsecrets/gone")).status).toBe(200);
    expect(names(await pageAt("/deletedsecrets"))).toEqual(["gone"]);
    expect((await ask("/deletedsecrets/gone/recover", "POST")).status).toBe(200);
    expect((await ask("/secrets/gone")).json()).toMatchObject({ value: "hidden" });
    await ask("/secrets/gone", "DELETE");
    expect((await ask("/deletedsecrets/gone", "DELETE")).status).toBe(204);
    expect((await ask("/deletedsecrets/gone")).status).toBe(404);
  });

  it.each([
    ["DELETE", "/secrets/nobody"],
    ["DELETE", "/deletedsecrets/nobody"],
    ["POST", "/deletedsecrets/nobody/recover"],
  ])("that is not there gets 404 for %s %s", async (method, path) => {
    expect((await ask(path, method)).json()).toMatchObject({ error: { code: "SecretNotFound" } });
  });
});

it("a secret of its own is managed by nobody and keeps the times that it was given", async () => {
  const times = { nbf: 1_700_000_000, exp: 1_900_000_000 };
  const { json } = await ask("/secrets/timed", "PUT", { value: "s3cret", attributes: times });
  expect(json()).toMatchObject({ attributes: times });
  expect(json()).not.toHaveProperty("managed");
});

describe("a certificate", () => {
  it("is imported with its key, shown without it, and has a secret with both", async () => {
    const imported = await ask("/certificates/tls/import", "POST", { value: pem(), tags: { a: "b" } });
    expect(imported.status).toBe(200);
    const { raw, validTo } = new X509Certificate(issued.certificatePem);
    const bundle = (await ask("/certificates/tls")).json();
    expect(bundle).toEqual(imported.json());
    expect(bundle).toMatchObject({
      cer: raw.toString("base64"),
      x5t: createHash("sha1").update(raw).digest("base64url"),
      sid: expect.stringContaining("/secrets/tls/"),
      attributes: { exp: Date.parse(validTo) / 1000 },
      tags: { a: "b" },
    });
    expect(JSON.stringify(bundle)).not.toContain("PRIVATE KEY");
    const { pathname } = new URL((bundle as { sid: string }).sid);
    const { kid, attributes } = bundle as { kid: string; attributes: { nbf: number; exp: number } };
    const { nbf, exp } = attributes;
    const secret = { contentType: "application/x-pem-file", kid, managed: true, attributes: { nbf, exp } };
    expect((await ask(pathname)).json()).toMatchObject({ ...secret, value: pem() });
    expect(await pageAt("/secrets")).toMatchObject({ value: expect.arrayContaining([expect.objectContaining({ kid, managed: true })]) });
    expect(names(await pageAt("/certificates"))).toEqual(["tls"]);
  });

  it.each([{}, { value: "MIIB" }, { value: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----" }])(
    "is not imported from %o",
    async (body) => {
      expect((await ask("/certificates/bad/import", "POST", body)).status).toBe(400);
      expect(emulator.keyVault.secrets.has("bad")).toBe(false);
    },
  );

  it("takes its secret along when it is deleted, recovered and purged", async () => {
    emulator.keyVault.certificates.import("pair", pem());
    const status = async (path: string, method?: string) => (await ask(path, method)).status;
    expect(await status("/certificates/pair", "DELETE")).toBe(200);
    expect([await status("/secrets/pair"), await status("/deletedcertificates/pair")]).toEqual([404, 200]);
    expect(await status("/deletedcertificates/pair/recover", "POST")).toBe(200);
    expect(await status("/secrets/pair")).toBe(200);
    await status("/certificates/pair", "DELETE");
    expect(await status("/deletedcertificates/pair", "DELETE")).toBe(204);
    expect([await status("/deletedcertificates/pair"), await status("/deletedsecrets/pair")]).toEqual([404, 404]);
  });
});

it("answers 403 to an application without a role, whatever it asks for", async () => {
  emulator.keyVault.secrets.set("kept", "x");
  emulator.keyVault.restrictTo(["somebody-else"]);
  const asked = [
    ["/secrets", "GET", "secrets/readMetadata/action"],
    ["/secrets/kept", "DELETE", "secrets/delete"],
    ["/secrets/kept", "PATCH", "secrets/update/action"],
    ["/deletedsecrets/kept", "GET", "secrets/getSecret/action"],
    ["/deletedsecrets/kept", "DELETE", "secrets/purge/action"],
    ["/deletedsecrets/kept/recover", "POST", "secrets/recover/action"],
    ["/certificates/kept", "GET", "certificates/read"],
    ["/certificates/kept/import", "POST", "certificates/import/action"],
  ] as const;
  for (const [path, method, action] of asked) {
    const answer = await ask(path, method, method === "POST" || method === "PATCH" ? {} : undefined);
    expect([path, answer.status]).toEqual([path, 403]);
    expect(answer.json()).toMatchObject({ error: { message: expect.stringContaining(`Microsoft.KeyVault/vaults/${action}'`) } });
  }
  emulator.keyVault.restrictTo("everyone");
  expect(emulator.keyVault.secrets.get("kept")).toMatchObject({ value: "x", enabled: true });
});
