import { expect, it } from "vitest";
import { vaultHost } from "./vault-host.js";

// in a file of its own: MSAL remembers for the life of the process where the first identity came from
it("a vault by its own name passes the SDK's check of who may be sent the token", async () => {
  const host = await vaultHost({ clouds: true, keyVault: { mode: "optional" } });
  const { keyVault } = host.emulator;
  host.anIdentity();
  const { chainPem, privateKeyPem, thumbprint } = host.issued;
  keyVault.certificates.import("orders", `${chainPem}${privateKeyPem}`);
  const vaultUrl = `https://contoso.vault.azure.net:${new URL(keyVault.url).port}`;
  expect(await host.source({ vaultUrl, clientOptions: undefined })()).toMatchObject({ thumbprint });
  host.reset();
  await host.close();
});
