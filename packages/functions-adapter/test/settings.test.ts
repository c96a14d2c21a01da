import { readFile } from "node:fs/promises";
import { isMtlsPopError, type MtlsPopError } from "@mtls-pop/core";
import { describe, expect, it } from "vitest";
import type { NeededSetting } from "../src/setting-errors.js";
import { assertSettings, type Environment, readCertificateSettings, SETTINGS } from "../src/settings.js";

const COMPLETE = { AZURE_TENANT_ID: "contoso.example", AZURE_CLIENT_ID: "orders", AZURE_CLIENT_CERTIFICATE_PATH: "/certificates/app.pem" };

const VAULT_URL = { name: "KEY_VAULT_URL", meaning: '`baseUrl` of the resource "vault"' };

function refusal(env: Environment, alsoNeeded: readonly NeededSetting[] = []): MtlsPopError {
  try {
    readCertificateSettings(env, alsoNeeded);
  } catch (error) {
    if (isMtlsPopError(error)) return error;
    throw error;
  }
  throw new Error("The settings were taken.");
}

describe("app settings", () => {
  it("need tenant, client and certificate, and leave the rest to the defaults", () => {
    expect(readCertificateSettings(COMPLETE)).toEqual({ tenantId: "contoso.example", clientId: "orders" });
  });

  it("take the certificate's content in place of its file", () => {
    const { AZURE_CLIENT_CERTIFICATE_PATH: _, ...rest } = COMPLETE;
    expect(readCertificateSettings({ ...rest, MTLS_POP_CLIENT_CERTIFICATE: "MII=" })).toEqual({
      tenantId: "contoso.example",
      clientId: "orders",
    });
  });

  it("give authority, region and known authorities", () => {
    const env = {
      ...COMPLETE,
      AZURE_AUTHORITY_HOST: "https://login.microsoftonline.us",
      AZURE_REGIONAL_AUTHORITY_NAME: "usgovvirginia",
      MTLS_POP_KNOWN_AUTHORITIES: "login.one.example, login.two.example:8443,",
    };
    expect(readCertificateSettings(env)).toMatchObject({
      authority: "https://login.microsoftonline.us",
      azureRegion: "usgovvirginia",
      knownAuthorities: ["login.one.example", "login.two.example:8443"],
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
    expect(refusal(rest).message).toMatch(/^App settings are missing: AZURE_CLIENT_ID \([^;]*\)\./);
    expect(refusal(COMPLETE, [VAULT_URL]).message).toMatch(/^App settings are missing: KEY_VAULT_URL \([^;]*\)\./);
  });

  it("may be all that the options name, when the tokens come from elsewhere", () => {
    expect(() => assertSettings({ KEY_VAULT_URL: "https://a.vault.azure.net" }, [VAULT_URL])).not.toThrow();
    expect(() => assertSettings({}, [VAULT_URL])).toThrow("App settings are missing: KEY_VAULT_URL");
  });

  it.each(["managed-identity", "secret"])("refuse the credential %s by name", (credential) => {
    const error = refusal({ ...COMPLETE, MTLS_POP_CREDENTIAL: credential });
    expect(error.code).toBe("settings_invalid");
    expect(error.message).toContain(`"${credential}"`);
    expect(error.help).toContain('"certificate"');
  });

  it("take the credential that there is", () => {
    expect(readCertificateSettings({ ...COMPLETE, MTLS_POP_CREDENTIAL: "certificate" })).toMatchObject({ clientId: "orders" });
  });

  it.each([
    "@Microsoft.KeyVault(SecretUri=https://contoso.vault.azure.net/secrets/app)",
    "@microsoft.keyvault(VaultName=contoso;SecretName=app)",
    "@Microsoft.AppConfiguration(Endpoint=https://contoso.azconfig.io; Key=app)",
  ])("refuse what Functions could not replace by the secret: %s", (reference) => {
    const { AZURE_CLIENT_CERTIFICATE_PATH: _, ...rest } = COMPLETE;
    const env = { ...rest, MTLS_POP_CLIENT_CERTIFICATE: reference, AZURE_CLIENT_CERTIFICATE_PASSWORD: reference, KEY_VAULT_URL: reference };
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

  it("stand in the package's README, all of them and no others", async () => {
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    const rows = readme.split("\n").map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));
    const settings = rows.filter(([, name = ""]) => /^[A-Z0-9]+_[A-Z0-9_]+$/.test(name));
    expect(settings.map(([, name, required, description]) => ({ name, required, description }))).toEqual(SETTINGS);
  });
});
