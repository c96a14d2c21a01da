import { X509Certificate } from "node:crypto";
import { access, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, type LocalAppOptions, prepareLocalApp, startEmulator } from "../../src/index.js";
import { httpsClient } from "../server/https-client.js";
import { postForm } from "../token-request.js";

let emulator: Emulator;
let folder: string;
beforeAll(async () => {
  emulator = await startEmulator();
  folder = await mkdtemp(join(tmpdir(), "local-app-test-"));
});
afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

describe("a local app", () => {
  it("gets a token with nothing but its environment", async () => {
    await using app = await prepareLocalApp(emulator);
    const { environment } = app;
    const pem = await readFile(environment.AZURE_CLIENT_CERTIFICATE_PATH, "utf8");
    const client = httpsClient({ ca: await readFile(environment.MTLS_POP_EMULATOR_CA), cert: pem, key: pem });
    const url = `${environment.AZURE_AUTHORITY_HOST.replace("login.", "mtlsauth.")}/${environment.AZURE_TENANT_ID}/oauth2/v2.0/token`;
    const scope = "https://vault.azure.net/.default";
    const form = { client_id: environment.AZURE_CLIENT_ID, grant_type: "client_credentials", scope, token_type: "mtls_pop" };
    expect((await postForm(client, url, form)).json()).toMatchObject({ token_type: "mtls_pop" });
    client.close();
  });

  it("has an environment of these settings", async () => {
    await using app = await prepareLocalApp(emulator);
    expect(app.environment).toEqual({
      AZURE_TENANT_ID: emulator.tenantId,
      AZURE_CLIENT_ID: app.clientId,
      AZURE_CLIENT_CERTIFICATE_PATH: expect.stringContaining(tmpdir()),
      AZURE_AUTHORITY_HOST: new URL(emulator.authority).origin,
      MTLS_POP_KNOWN_AUTHORITIES: new URL(emulator.authority).host,
      MTLS_POP_EMULATOR_CA: expect.stringContaining(tmpdir()),
      KEY_VAULT_URL: emulator.keyVault.url,
    });
    const leaf = new X509Certificate(await readFile(app.environment.AZURE_CLIENT_CERTIFICATE_PATH));
    expect(leaf.raw).toEqual(app.certificate.certificateDer);
  });

  it("finds the secrets that it was promised", async () => {
    await using _app = await prepareLocalApp(emulator, { secrets: { one: "1", two: { value: "2", contentType: "text/plain" } } });
    expect(emulator.keyVault.secrets.get("one")?.value).toBe("1");
    expect(emulator.keyVault.secrets.get("two")?.contentType).toBe("text/plain");
  });

  it("leaves nothing of a temporary folder, and is unknown, when it is disposed of, even twice", async () => {
    const app = await prepareLocalApp(emulator);
    await app.dispose();
    await app.dispose();
    await expect(access(dirname(app.environment.MTLS_POP_EMULATOR_CA))).rejects.toThrow("ENOENT");
    expect(emulator.applications.get(app.clientId)).toBeUndefined();
  });

  it.skipIf(process.platform === "win32")("writes files that nobody else can read, whatever stood in their place", async () => {
    const directory = join(folder, "modes");
    const first = await prepareLocalApp(emulator, { directory });
    await first.dispose();
    const victim = join(folder, "victim");
    await writeFile(victim, "not yours", { mode: 0o644 });
    await symlink(victim, first.environment.AZURE_CLIENT_CERTIFICATE_PATH);
    await writeFile(first.environment.MTLS_POP_EMULATOR_CA, "old", { mode: 0o644 });
    await using app = await prepareLocalApp(emulator, { directory });
    for (const path of [app.environment.AZURE_CLIENT_CERTIFICATE_PATH, app.environment.MTLS_POP_EMULATOR_CA]) {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(await readFile(victim, "utf8")).toBe("not yours");
  });

  it("takes away its own files alone from a folder that it was given", async () => {
    const directory = join(folder, "given");
    const app = await prepareLocalApp(emulator, { directory });
    await writeFile(join(directory, "mine"), "");
    await app.dispose();
    expect(await readdir(directory)).toEqual(["mine"]);
  });

  it("is not half prepared: a failure leaves no application", async () => {
    const directory = join(folder, "file");
    await writeFile(directory, "");
    const known = [...emulator.applications].length;
    await expect(prepareLocalApp(emulator, { directory })).rejects.toThrow(/EEXIST|ENOTDIR/);
    await expect(prepareLocalApp(emulator, { secrets: { a_b: "x" } })).rejects.toThrow('not "a_b"');
    expect([...emulator.applications]).toHaveLength(known);
  });

  it("has no option of another name", async () => {
    const options: LocalAppOptions & { folder: string } = { folder: "x" };
    await expect(prepareLocalApp(emulator, options)).rejects.toThrow("`folder` is not an option. Known: directory, secrets.");
  });
});
