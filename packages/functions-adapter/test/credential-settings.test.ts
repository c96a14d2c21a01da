import { isMtlsPopError, type MtlsPopError } from "@mtls-pop/core";
import { describe, expect, it } from "vitest";
import { readCredentialSettings } from "../src/credential-settings.js";
import type { NeededSetting } from "../src/setting-errors.js";
import type { Environment } from "../src/settings.js";

const APPLICATION = { AZURE_TENANT_ID: "contoso.example", AZURE_CLIENT_ID: "orders" };
const COMPLETE = { ...APPLICATION, AZURE_CLIENT_CERTIFICATE_PATH: "/certificates/app.pem" };
const IDENTITY = { MTLS_POP_CREDENTIAL: "managed-identity" };
const FEDERATED = { ...APPLICATION, MTLS_POP_CREDENTIAL: "federated" };

const VAULT_URL = { name: "KEY_VAULT_URL", meaning: '`baseUrl` of the resource "vault"' };

function refusal(env: Environment, alsoNeeded: readonly NeededSetting[] = []): MtlsPopError {
  try {
    readCredentialSettings(env, alsoNeeded);
  } catch (error) {
    if (isMtlsPopError(error)) return error;
    throw error;
  }
  throw new Error("The settings were taken.");
}

describe("the settings of a certificate", () => {
  it("are tenant, client and certificate, and the rest is left to the defaults", () => {
    const settings = { credential: "certificate", application: { tenantId: "contoso.example", clientId: "orders" } };
    expect(readCredentialSettings(COMPLETE)).toEqual(settings);
    expect(readCredentialSettings({ ...COMPLETE, MTLS_POP_CREDENTIAL: "certificate" })).toEqual(settings);
  });

  it("may have the certificate's content in place of its file", () => {
    expect(readCredentialSettings({ ...APPLICATION, MTLS_POP_CLIENT_CERTIFICATE: "MII=" })).toMatchObject({ credential: "certificate" });
  });

  it("give authority, region and known authorities", () => {
    const env = {
      ...COMPLETE,
      AZURE_AUTHORITY_HOST: "https://login.microsoftonline.us",
      AZURE_REGIONAL_AUTHORITY_NAME: "usgovvirginia",
      MTLS_POP_KNOWN_AUTHORITIES: "login.one.example, login.two.example:8443,",
    };
    expect(readCredentialSettings(env)).toMatchObject({
      application: {
        authority: "https://login.microsoftonline.us",
        azureRegion: "usgovvirginia",
        knownAuthorities: ["login.one.example", "login.two.example:8443"],
      },
    });
  });

  it("that are missing are named all at once, each with what to set, together with those that the app's options name", () => {
    const error = refusal({ AZURE_TENANT_ID: " " }, [VAULT_URL]);
    expect(error.code).toBe("settings_missing");
    for (const name of [
      "AZURE_TENANT_ID (GUID",
      "AZURE_CLIENT_ID (id",
      "AZURE_CLIENT_CERTIFICATE_PATH (PEM",
      "or MTLS_POP_CLIENT_CERTIFICATE",
      'KEY_VAULT_URL (`baseUrl` of the resource "vault")',
    ]) {
      expect(error.message).toContain(name);
    }
    expect(error.help).toContain("local.settings.json");
  });

  it("name only what is missing", () => {
    const { AZURE_CLIENT_ID: _, ...rest } = COMPLETE;
    expect(refusal(rest).message).toMatch(/^App settings are missing: AZURE_CLIENT_ID \([^)]*\)\. Set/);
    expect(refusal(COMPLETE, [VAULT_URL]).message).toMatch(/^App settings are missing: KEY_VAULT_URL \([^;]*\)\. Set/);
  });
});

describe("the settings of a certificate's place", () => {
  const url = "https://contoso.vault.azure.net";
  const VAULT = { MTLS_POP_CERTIFICATE_VAULT_URL: url, MTLS_POP_CERTIFICATE_NAME: "orders" };

  it.each([
    [{ MTLS_POP_CERTIFICATE_THUMBPRINT: "AB" }, { kind: "app-service", choice: { thumbprint: "AB" } }],
    [{ MTLS_POP_CERTIFICATE_SUBJECT: "CN=orders" }, { kind: "app-service", choice: { subject: "CN=orders" } }],
    [VAULT, { kind: "key-vault", vaultUrl: url, name: "orders" }],
    [
      { ...VAULT, MTLS_POP_CERTIFICATE_VERSION: "1f" },
      { kind: "key-vault", vaultUrl: url, name: "orders", version: "1f" },
    ],
    [
      { ...VAULT, MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: "6325cd32" },
      { kind: "key-vault", vaultUrl: url, name: "orders", identity: { userAssignedClientId: "6325cd32" } },
    ],
    [
      { ...VAULT, MTLS_POP_MANAGED_IDENTITY_OBJECT_ID: "0b1ec7" },
      { kind: "key-vault", vaultUrl: url, name: "orders", identity: { userAssignedObjectId: "0b1ec7" } },
    ],
  ])("are %j", (env, place) => {
    const application = { tenantId: "contoso.example", clientId: "orders" };
    expect(readCredentialSettings({ ...APPLICATION, ...env })).toEqual({ credential: "certificate", application, place });
    const leg1 = { credential: "certificate", application: { ...application, clientId: "first" }, place };
    expect(readCredentialSettings({ ...FEDERATED, ...env, MTLS_POP_LEG1_CLIENT_ID: "first" })).toMatchObject({ leg1, application });
  });

  it.each([
    [{ MTLS_POP_CERTIFICATE_VAULT_URL: url }, "MTLS_POP_CERTIFICATE_NAME"],
    [{ MTLS_POP_CERTIFICATE_NAME: "orders" }, "MTLS_POP_CERTIFICATE_VAULT_URL"],
    [{ ...VAULT, MTLS_POP_CERTIFICATE_NAME: " ", MTLS_POP_CERTIFICATE_VERSION: "1f" }, "MTLS_POP_CERTIFICATE_NAME"],
  ])("that are half of Key Vault's miss the other half: %j", (env, name) => {
    const { code, message } = refusal({ ...APPLICATION, ...env });
    expect([code, message]).toEqual(["settings_missing", expect.stringMatching(`^App settings are missing: ${name} \\([^)]*\\)\\. Set`)]);
  });

  it("may be a reference that Functions could not follow", () => {
    const env = { ...APPLICATION, ...VAULT, MTLS_POP_CERTIFICATE_NAME: "@Microsoft.KeyVault(SecretUri=https://x)" };
    expect(refusal(env)).toMatchObject({ code: "settings_invalid", message: expect.stringContaining("MTLS_POP_CERTIFICATE_NAME (") });
  });

  it("are of no use to a managed identity, and stand in its way as little as a file", () => {
    expect(readCredentialSettings({ ...IDENTITY, ...VAULT, MTLS_POP_CERTIFICATE_THUMBPRINT: "AB" })).toEqual({
      credential: "managed-identity",
      identity: "system-assigned",
    });
  });
});

describe("the settings of a managed identity", () => {
  it.each([
    [{}, "system-assigned"],
    [{ MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: "6325cd32" }, { userAssignedClientId: "6325cd32" }],
    [{ MTLS_POP_MANAGED_IDENTITY_RESOURCE_ID: "/subscriptions/1" }, { userAssignedResourceId: "/subscriptions/1" }],
    [{ MTLS_POP_MANAGED_IDENTITY_OBJECT_ID: "0b1ec7" }, { userAssignedObjectId: "0b1ec7" }],
  ])("are %j", (env, identity) => {
    expect(readCredentialSettings({ ...IDENTITY, ...env })).toEqual({ credential: "managed-identity", identity });
  });

  it("are never AZURE_CLIENT_ID, nor another setting of an application's", () => {
    const reference = "@Microsoft.KeyVault(VaultName=contoso;SecretName=app)";
    expect(readCredentialSettings({ ...COMPLETE, ...IDENTITY, MTLS_POP_CLIENT_CERTIFICATE: reference })).toEqual({
      credential: "managed-identity",
      identity: "system-assigned",
    });
  });

  it("give known authorities", () => {
    expect(readCredentialSettings({ ...IDENTITY, MTLS_POP_KNOWN_AUTHORITIES: "login.one.example" })).toMatchObject({
      knownAuthorities: ["login.one.example"],
    });
  });
});

describe("the settings of two legs", () => {
  const application = { tenantId: "contoso.example", clientId: "orders" };

  it("are leg 2's application, with the managed identity as leg 1", () => {
    expect(readCredentialSettings({ ...FEDERATED, MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: "6325cd32" })).toEqual({
      credential: "federated",
      leg1: { credential: "managed-identity", identity: { userAssignedClientId: "6325cd32" } },
      application,
    });
  });

  it("are leg 2's application, with the certificate's application as leg 1 when that is named", () => {
    const env = { ...FEDERATED, MTLS_POP_LEG1_CLIENT_ID: "first", AZURE_CLIENT_CERTIFICATE_PATH: "/certificates/first.pem" };
    expect(readCredentialSettings(env)).toEqual({
      credential: "federated",
      leg1: { credential: "certificate", application: { ...application, clientId: "first" } },
      application,
    });
  });

  it("miss tenant and client, and the certificate where leg 1 has one", () => {
    const { message } = refusal({ MTLS_POP_CREDENTIAL: "federated", MTLS_POP_LEG1_CLIENT_ID: "first" });
    for (const name of ["AZURE_TENANT_ID (", "AZURE_CLIENT_ID (", "AZURE_CLIENT_CERTIFICATE_PATH ("]) expect(message).toContain(name);
    expect(refusal({ MTLS_POP_CREDENTIAL: "federated" }).message).not.toContain("CERTIFICATE");
  });
});

describe("settings that contradict each other", () => {
  const BOTH_IDS = { MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: "a", MTLS_POP_MANAGED_IDENTITY_OBJECT_ID: "b" };
  const LEG1 = { MTLS_POP_LEG1_CLIENT_ID: "first", AZURE_CLIENT_CERTIFICATE_PATH: "/certificates/first.pem" };

  it.each([
    [
      { ...COMPLETE, MTLS_POP_CREDENTIAL: "secret" },
      /CREDENTIAL is "secret", which is not known\./,
      /"certificate", "managed-identity", "federated"/,
    ],
    [
      { ...IDENTITY, ...BOTH_IDS },
      /more than once: MTLS_POP_MANAGED_IDENTITY_CLIENT_ID, MTLS_POP_MANAGED_IDENTITY_OBJECT_ID\./,
      /Keep one/,
    ],
    [{ ...FEDERATED, ...BOTH_IDS }, /more than once/, /Keep one/],
    [
      { ...COMPLETE, MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: "a" },
      /MTLS_POP_MANAGED_IDENTITY_CLIENT_ID is set, but MTLS_POP_CREDENTIAL is not, which means "certificate"\./,
      /Set MTLS_POP_CREDENTIAL to "managed-identity" or "federated", or remove MTLS_POP_MANAGED_IDENTITY_CLIENT_ID\./,
    ],
    [
      { ...COMPLETE, ...LEG1, MTLS_POP_CREDENTIAL: "certificate" },
      /MTLS_POP_LEG1_CLIENT_ID is set, but MTLS_POP_CREDENTIAL is "certificate"\./,
      /Set MTLS_POP_CREDENTIAL to "federated", or remove MTLS_POP_LEG1_CLIENT_ID\./,
    ],
    [
      { ...IDENTITY, ...LEG1 },
      /MTLS_POP_LEG1_CLIENT_ID is set, but MTLS_POP_CREDENTIAL is "managed-identity"\./,
      /to "federated", or remove/,
    ],
    [
      { ...FEDERATED, ...LEG1, MTLS_POP_MANAGED_IDENTITY_RESOURCE_ID: "/subscriptions/1" },
      /MTLS_POP_LEG1_CLIENT_ID and MTLS_POP_MANAGED_IDENTITY_RESOURCE_ID both say what leg 1 is\./,
      /Remove MTLS_POP_LEG1_CLIENT_ID for a managed identity, or MTLS_POP_MANAGED_IDENTITY_RESOURCE_ID for an application/,
    ],
    [
      { ...COMPLETE, MTLS_POP_CLIENT_CERTIFICATE: "MII=" },
      /Both AZURE_CLIENT_CERTIFICATE_PATH and MTLS_POP_CLIENT_CERTIFICATE are set/,
      /Remove one/,
    ],
    [
      { ...COMPLETE, MTLS_POP_CERTIFICATE_NAME: "orders", MTLS_POP_CERTIFICATE_VAULT_URL: "https://contoso.vault.azure.net" },
      /Both AZURE_CLIENT_CERTIFICATE_PATH and MTLS_POP_CERTIFICATE_VAULT_URL are set/,
      /Remove one/,
    ],
    [
      { ...APPLICATION, MTLS_POP_CERTIFICATE_THUMBPRINT: "AB", MTLS_POP_CERTIFICATE_SUBJECT: "CN=x", MTLS_POP_CLIENT_CERTIFICATE: "MII=" },
      /MTLS_POP_CLIENT_CERTIFICATE, MTLS_POP_CERTIFICATE_THUMBPRINT and MTLS_POP_CERTIFICATE_SUBJECT are set/,
      /Remove all but one/,
    ],
    [
      { ...COMPLETE, MTLS_POP_CERTIFICATE_VAULT_URL: "https://contoso.vault.azure.net", ...BOTH_IDS, MTLS_POP_CERTIFICATE_NAME: "orders" },
      /more than once: MTLS_POP_MANAGED_IDENTITY_CLIENT_ID/,
      /Keep one/,
    ],
  ])("are refused by name: %j", (env, found, help) => {
    const error = refusal(env);
    expect([error.code, error.message, error.help]).toEqual([
      "settings_invalid",
      expect.stringMatching(found),
      expect.stringMatching(help),
    ]);
    expect(error.message).not.toContain("missing");
  });

  it("are named together with what is missing and what Functions could not follow", () => {
    const reference = "@Microsoft.KeyVault(VaultName=contoso;SecretName=app)";
    const env = { MTLS_POP_CREDENTIAL: "federated", ...LEG1, ...BOTH_IDS, AZURE_CLIENT_ID: reference };
    const { code, message, help } = refusal(env, [VAULT_URL]);
    expect(code).toBe("settings_invalid");
    for (const found of [
      "more than once",
      "both say what leg 1 is",
      "missing: AZURE_TENANT_ID (",
      "KEY_VAULT_URL (",
      "AZURE_CLIENT_ID (",
    ]) {
      expect(message).toContain(found);
    }
    for (const advice of ["Keep one", "local.settings.json", "set the value itself"]) expect(help).toContain(advice);
    expect(message).not.toContain(reference);
  });

  it("name what the app's options want beside a credential that nobody knows", () => {
    const { message } = refusal({ MTLS_POP_CREDENTIAL: "msi" }, [VAULT_URL]);
    expect(message).toMatch(/"msi".*missing: KEY_VAULT_URL \(/);
    expect(message).not.toContain("AZURE_TENANT_ID");
  });
});

describe("settings that Functions could not replace by the secret", () => {
  it.each([
    "@Microsoft.KeyVault(SecretUri=https://contoso.vault.azure.net/secrets/app)",
    "@microsoft.keyvault(VaultName=contoso;SecretName=app)",
    "@Microsoft.AppConfiguration(Endpoint=https://contoso.azconfig.io; Key=app)",
  ])("are refused: %s", (reference) => {
    const env = {
      ...APPLICATION,
      MTLS_POP_CLIENT_CERTIFICATE: reference,
      AZURE_CLIENT_CERTIFICATE_PASSWORD: reference,
      KEY_VAULT_URL: reference,
    };
    const error = refusal(env, [VAULT_URL]);
    expect([error.code, error.help]).toEqual(["settings_invalid", expect.stringContaining("managed identity")]);
    for (const name of ["MTLS_POP_CLIENT_CERTIFICATE (", "AZURE_CLIENT_CERTIFICATE_PASSWORD (", "KEY_VAULT_URL ("]) {
      expect(error.message).toContain(name);
    }
    expect(error.message).not.toContain("AZURE_CLIENT_ID");
    expect(error.message).not.toContain(reference);
  });

  it("never put a value into a message", () => {
    expect(refusal({ AZURE_CLIENT_CERTIFICATE_PASSWORD: "hunter2", AZURE_CLIENT_ID: "x" }).message).not.toContain("hunter2");
  });
});
