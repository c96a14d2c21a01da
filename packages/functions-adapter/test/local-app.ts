import {
  type FunctionsHost,
  prepareLocalApp,
  type RecordedRequest,
  type ServerName,
  startEmulator,
  startFunctionsHost,
} from "@mtls-pop/emulator";
import { onTestFinished } from "vitest";

export const SECRET = "s3cret-value-of-the-vault";
export const VAULT_SCOPE = "https://vault.azure.net/.default";
export const vault = { baseUrl: "%KEY_VAULT_URL%", profile: "key-vault" } as const;
export const orders = { baseUrl: "%ORDERS_URL%", scope: "%ORDERS_SCOPE%" } as const;
export const secretPath = "/secrets/my-secret?api-version=7.4";

type Settings = Readonly<Record<string, string | undefined>>;

/** An emulator with an application on it, and the Functions host for what a test registers. */
export async function localApp() {
  const emulator = await startEmulator();
  const app = await prepareLocalApp(emulator, { secrets: { "my-secret": SECRET } });
  const { url, scope } = emulator.customApi;
  const settings = { ...app.environment, ORDERS_URL: url, ORDERS_SCOPE: scope };
  const requests = (server: ServerName): RecordedRequest[] => emulator.requests.filter((request) => request.server === server);

  return {
    emulator,
    settings,
    requests,
    certificate: app.certificate,
    /** Hosts the functions until the test ends. */
    async host(register: () => unknown, env: Settings = {}): Promise<FunctionsHost> {
      emulator.forgetRequests();
      const host = await startFunctionsHost({ entry: register, env: { ...settings, ...env } });
      onTestFinished(() => host.close());
      return host;
    },
    /** The access tokens that the vault was shown. */
    shownTokens: () => requests("key-vault").map(({ headers }) => headers["authorization"]?.replace(/^mtls_pop /, "") ?? ""),
    async close(): Promise<void> {
      await app.dispose();
      await emulator.close();
    },
  };
}

export type LocalApp = Awaited<ReturnType<typeof localApp>>;
