import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { app } from "@azure/functions";
import type { Vault } from "@mtls-pop/emulator";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { withMtlsPop } from "../src/index.js";
import { type LocalApp, localApp, SECRET, secretPath, vault } from "./local-app.js";

let local: LocalApp;
let certificates: Vault;
let folder: string;
let inVault: Record<string, string | undefined>;
beforeAll(async () => {
  local = await localApp();
  folder = await mkdtemp(join(tmpdir(), "mtls-pop-"));
  certificates = local.emulator.keyVault.add("certificates", "optional");
  certificates.certificates.import("orders", await readFile(local.settings.AZURE_CLIENT_CERTIFICATE_PATH, "utf8"));
  const { clientId } = local.emulator.managedIdentities.register();
  inVault = {
    ...local.emulator.appService.environment,
    AZURE_CLIENT_CERTIFICATE_PATH: undefined,
    MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: clientId,
    MTLS_POP_CERTIFICATE_VAULT_URL: certificates.url,
    MTLS_POP_CERTIFICATE_NAME: "orders",
  };
});
afterEach(() => certificates.restrictTo("everyone"));
afterAll(async () => {
  await local.close();
  await rm(folder, { recursive: true });
});

/** What a function answers that reads a secret with its bound token. */
async function answer(settings: Record<string, string | undefined>): Promise<{ status: number; text: string; log: string }> {
  const register = () =>
    app.http("read", {
      authLevel: "anonymous",
      handler: withMtlsPop({ resources: { vault } }, async (_request, _context, clients) => {
        const response = await clients.vault(secretPath);
        return { status: response.status, body: await response.text() };
      }),
    });
  const host = await local.host(register, settings);
  const response = await fetch(`${host.url}/api/read`);
  return { status: response.status, text: await response.text(), log: host.logs.map(({ message }) => message).join("\n") };
}

describe("an app's certificate", () => {
  it("comes from Key Vault by the app's identity, which has no role where the secret is", async () => {
    certificates.restrictTo([String(inVault["MTLS_POP_MANAGED_IDENTITY_CLIENT_ID"])]);
    local.emulator.keyVault.restrictTo([local.settings.AZURE_CLIENT_ID]);
    const { status, text } = await answer(inVault);
    local.emulator.keyVault.restrictTo("everyone");
    expect([status, JSON.parse(text)]).toMatchObject([200, { value: SECRET }]);
    expect(local.requests("app-service")).toHaveLength(1);
    expect(local.requests("token")[0]?.clientCertificate).toEqual(local.certificate.certificateDer);
  });

  it("that the identity may not read is refused with the role that it needs", async () => {
    certificates.restrictTo([]);
    const { status, log } = await answer(inVault);
    expect(status).toBe(500);
    expect(log).toContain('"Key Vault Certificate User" on the vault "certificates"');
  });

  it("that is not in the vault is refused, and the error names the settings that say which one", async () => {
    const { status, log } = await answer({ ...inVault, MTLS_POP_CERTIFICATE_NAME: "nothing" });
    expect(status).toBe(500);
    expect(log).toContain("certificate_not_found");
    expect(log).toContain("MTLS_POP_CERTIFICATE_NAME is `name`, MTLS_POP_CERTIFICATE_VERSION is `version`.");
  });

  it("in a vault by http is refused, and the error names the setting", async () => {
    const { status, log } = await answer({ ...inVault, MTLS_POP_CERTIFICATE_VAULT_URL: "http://contoso.vault.azure.net" });
    expect(status).toBe(500);
    expect(log).toContain("MTLS_POP_CERTIFICATE_VAULT_URL is `vaultUrl`");
  });

  it.each(["MTLS_POP_CERTIFICATE_THUMBPRINT", "MTLS_POP_CERTIFICATE_SUBJECT"])("comes from App Service by %s", async (name) => {
    const { thumbprint } = local.certificate;
    const from = local.settings.AZURE_CLIENT_CERTIFICATE_PATH;
    execFileSync("openssl", ["pkcs12", "-export", "-passout", "pass:", "-in", from, "-out", join(folder, `${thumbprint}.p12`)]);
    const value = name.endsWith("THUMBPRINT") ? thumbprint : `CN=${local.settings.AZURE_CLIENT_ID}`;
    const settings = { AZURE_CLIENT_CERTIFICATE_PATH: undefined, WEBSITE_PRIVATE_CERTS_PATH: folder, [name]: value };
    const { status, text } = await answer(settings);
    expect([status, JSON.parse(text)]).toMatchObject([200, { value: SECRET }]);
    expect(local.requests("token")[0]?.clientCertificate).toEqual(local.certificate.certificateDer);
  });

  it("by thumbprint on Flex Consumption is refused, with the settings of the way out", async () => {
    const settings = {
      AZURE_CLIENT_CERTIFICATE_PATH: undefined,
      WEBSITE_SKU: "FlexConsumption",
      MTLS_POP_CERTIFICATE_THUMBPRINT: "AB".repeat(20),
    };
    const { status, log } = await answer(settings);
    expect(status).toBe(500);
    expect(log).toMatch(/Flex Consumption plan.*MTLS_POP_CERTIFICATE_VAULT_URL and MTLS_POP_CERTIFICATE_NAME/);
  });
});
