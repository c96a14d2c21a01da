import { access, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, type LocalIdentityAppOptions, prepareLocalIdentityApp, startEmulator } from "../../src/index.js";

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

const shared = () => ({
  AZURE_POD_IDENTITY_AUTHORITY_HOST: emulator.instanceMetadata.url,
  MTLS_POP_KNOWN_AUTHORITIES: new URL(emulator.authority).host,
  MTLS_POP_EMULATOR_CA: expect.stringContaining(tmpdir()),
  KEY_VAULT_URL: emulator.keyVault.url,
});

describe("a local app with a managed identity", () => {
  it("needs no application", async () => {
    await using app = await prepareLocalIdentityApp(emulator, { credential: "managed-identity", secrets: { one: "1" } });
    expect(app.environment).toEqual({ MTLS_POP_CREDENTIAL: "managed-identity", ...shared() });
    expect(app.identity).toBe(emulator.managedIdentities.systemAssigned);
    expect(await readFile(app.environment.MTLS_POP_EMULATOR_CA, "utf8")).toBe(emulator.ca);
    expect(emulator.keyVault.secrets.get("one")?.value).toBe("1");
    expect([...emulator.applications]).toEqual([]);
  });

  it("has an application that the identity may stand in for, until it is disposed of, even twice", async () => {
    const app = await prepareLocalIdentityApp(emulator, { credential: "federated" });
    const { AZURE_CLIENT_ID: clientId = "", MTLS_POP_EMULATOR_CA } = app.environment;
    expect(app.environment).toEqual({
      MTLS_POP_CREDENTIAL: "federated",
      ...shared(),
      AZURE_TENANT_ID: emulator.tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_AUTHORITY_HOST: new URL(emulator.authority).origin,
    });
    expect(emulator.applications.get(clientId)?.federatedSubjects).toEqual([app.identity.objectId]);
    await app.dispose();
    await app.dispose();
    expect(emulator.applications.get(clientId)).toBeUndefined();
    await expect(access(dirname(MTLS_POP_EMULATOR_CA))).rejects.toThrow("ENOENT");
  });

  it("may have an identity of its own, which is attached to the machine until it is disposed of", async () => {
    const app = await prepareLocalIdentityApp(emulator, { credential: "managed-identity", identity: "user-assigned" });
    const { clientId, kind } = app.identity;
    expect(kind).toBe("UserAssigned");
    expect(app.environment).toEqual({
      MTLS_POP_CREDENTIAL: "managed-identity",
      MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: clientId,
      ...shared(),
    });
    expect(emulator.managedIdentities.get(clientId)).toBe(app.identity);
    await app.dispose();
    expect(emulator.managedIdentities.get(clientId)).toBeUndefined();
  });

  it("is not half prepared: a failure leaves neither application nor identity", async () => {
    const directory = join(import.meta.filename, "no-folder");
    const options = { credential: "federated", identity: "user-assigned", directory } as const;
    await expect(prepareLocalIdentityApp(emulator, options)).rejects.toThrow("ENOTDIR");
    expect([...emulator.applications]).toEqual([]);
    expect([...emulator.managedIdentities]).toEqual([emulator.managedIdentities.systemAssigned]);
  });

  it.each<[object, string]>([
    [{ credential: "certificate" }, '`credential` is managed-identity or federated, not "certificate".'],
    [{}, "`credential` is managed-identity or federated, not undefined."],
    [{ credential: "federated", identity: "mine" }, '`identity` is system-assigned or user-assigned, not "mine".'],
    [{ credential: "federated", folder: "x" }, "`folder` is not an option. Known: credential, identity, directory, secrets."],
  ])("is not made of %j", async (options, message) => {
    const untyped = options as LocalIdentityAppOptions;
    await expect(prepareLocalIdentityApp(emulator, untyped)).rejects.toThrow(message);
  });
});
