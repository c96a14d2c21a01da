import { randomBytes } from "node:crypto";
import { SecretClient } from "@azure/keyvault-secrets";
import type { HookContext } from "./hook-context.js";
import { inVault } from "./vault-access.js";
import { vaultClientOptions } from "./vault-refusal.js";

const ROLE = "Key Vault Secrets Officer";

/** Of randomness. */
const BYTES = 24;

/** The secret that the sample reads: a random one, where there is none. It is neither read nor printed here. */
export async function ensureDemoSecret(context: HookContext, tenantId: string): Promise<void> {
  const { environment, say, signal } = context;
  const vaultUrl = environment.require("secretVaultUrl");
  const name = environment.require("secretName");
  const client = new SecretClient(vaultUrl, context.credentialFor(tenantId), vaultClientOptions(context));
  const access = { vaultUrl, role: ROLE, doing: `Setting the secret "${name}"` };
  const isThere = await inVault(context, access, async () => {
    for await (const { enabled } of client.listPropertiesOfSecretVersions(name, { abortSignal: signal })) if (enabled) return true;
    return false;
  });
  if (isThere) return say(`Secret: "${name}" is there, and stays as it is.`);
  await inVault(context, access, () =>
    client.setSecret(name, randomBytes(BYTES).toString("base64url"), { contentType: "text/plain", abortSignal: signal }),
  );
  say(`Secret: "${name}" is set, to something random.`);
}
