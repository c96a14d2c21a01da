import { AzureDeveloperCliCredential } from "@azure/identity";
import { startEmulator } from "@mtls-pop/emulator";
import { AzdEnvironment } from "../src/azd-environment.js";
import { PUBLIC_CLOUD } from "../src/endpoints.js";
import type { HookContext } from "../src/hook-context.js";
import { fakeAzd } from "./fake-azd.js";
import { FakeGraph } from "./fake-graph.js";
import { FakeResourceManager } from "./fake-resource-manager.js";
import { VaultStandIn } from "./vault-stand-in.js";

const SUBSCRIPTION_ID = "aaaaaaaa-0000-0000-0000-000000000001";

/** Everything that a hook meets: azd on PATH, Azure Resource Manager, Microsoft Graph and a vault. */
export async function hookWorld() {
  const emulator = await startEmulator({ keyVault: { mode: "optional" } });
  const azd = await fakeAzd();
  const resourceManager = await FakeResourceManager.start();
  const graph = await FakeGraph.start();
  const vault = await VaultStandIn.start(emulator);
  resourceManager.tenantId = emulator.tenantId;
  await azd.set({
    tokens: {
      "https://management.azure.com/.default": "arm-token-{tenant}",
      "https://graph.microsoft.com/.default": "graph-token-{tenant}",
      "https://vault.azure.net/.default": await vaultToken(emulator.appService.environment),
    },
  });
  const initial: Record<string, string> = {
    AZURE_ENV_NAME: "dev",
    AZURE_LOCATION: "westus3",
    AZURE_SUBSCRIPTION_ID: SUBSCRIPTION_ID,
  };
  const outputs = {
    CERTIFICATE_VAULT_URL: vault.url,
    KEY_VAULT_URL: vault.url,
    MANAGED_IDENTITY_PRINCIPAL_ID: "bbbbbbbb-0000-0000-0000-000000000001",
  };

  return {
    emulator,
    azd,
    resourceManager,
    graph,
    vault,
    tenantId: emulator.tenantId,
    /** Runs a hook as azd would: with what is in its environment by now. @returns what it said */
    async run(
      hook: (context: HookContext) => Promise<void>,
      settings: Readonly<Record<string, string>> = {},
      over: Partial<HookContext> = {},
    ): Promise<string> {
      const said: string[] = [];
      const signal = over.signal ?? new AbortController().signal;
      const values = { ...initial, ...outputs, ...(await azd.read()).values, ...settings };
      await hook({
        environment: new AzdEnvironment(values, signal),
        credentialFor: (tenantId) => new AzureDeveloperCliCredential(tenantId === undefined ? {} : { tenantId }),
        endpoints: { ...PUBLIC_CLOUD, resourceManager: resourceManager.server.url, graph: graph.server.url },
        pace: { pollMs: 1, retryMs: 1, answerMs: 60_000 },
        vaultClientOptions: {
          disableChallengeResourceVerification: true,
          tlsOptions: { ca: vault.ca },
          retryOptions: { retryDelayInMs: 1, maxRetries: 2 },
        },
        say: (line) => said.push(line),
        signal,
        ...over,
      });
      return said.join("\n");
    },
    async close(): Promise<void> {
      await vault.close();
      await graph.server.close();
      await resourceManager.server.close();
      await azd.dispose();
      await emulator.close();
    },
  };
}

export type HookWorld = Awaited<ReturnType<typeof hookWorld>>;

/** A Bearer token for the vaults, of the emulator's own Entra: of a managed identity, which stands for azd's login. */
async function vaultToken({
  IDENTITY_ENDPOINT,
  IDENTITY_HEADER,
}: Readonly<Record<"IDENTITY_ENDPOINT" | "IDENTITY_HEADER", string>>): Promise<string> {
  const url = `${IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=${encodeURIComponent("https://vault.azure.net")}`;
  const response = await fetch(url, { headers: { "x-identity-header": IDENTITY_HEADER } });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return token;
}
