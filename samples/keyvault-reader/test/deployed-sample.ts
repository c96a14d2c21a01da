import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type FunctionsHost, prepareLocalApp, prepareLocalIdentityApp, startEmulator, startFunctionsHost } from "@mtls-pop/emulator";
import { onTestFinished } from "vitest";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export const SECRET = "A bound token has read this.";

/** What is set for the certificate, or may be in a shell and would be another host's identity. */
const WITHOUT_CERTIFICATE = { AZURE_CLIENT_CERTIFICATE_PATH: undefined, IDENTITY_ENDPOINT: undefined, MSI_ENDPOINT: undefined };

/** The sample as it is deployed: host.json, package.json and one bundle, in a folder with no node_modules in it or above it. */
export async function deployedSample() {
  const appRoot = await mkdtemp(join(tmpdir(), "keyvault-reader-"));
  // on the workspace's sources, as all tests are
  await promisify(execFile)(process.execPath, [path("../build.mjs"), appRoot, path("../../../tsconfig.test.json")]);
  await copyFile(path("../app/package.json"), join(appRoot, "package.json"));
  const emulator = await startEmulator();
  const app = await prepareLocalApp(emulator, { secrets: { "my-secret": SECRET } });
  const federated = await prepareLocalIdentityApp(emulator, { credential: "federated", identity: "user-assigned" });

  return {
    appRoot,
    emulator,
    clientId: app.clientId,
    certificate: app.certificate,
    /** The settings in place of the certificate's when the app's identity comes in two legs. */
    federated: { ...WITHOUT_CERTIFICATE, ...federated.environment },
    vaultRequests: () => emulator.requests.filter(({ server }) => server === "key-vault"),
    tokenRequests: () => emulator.requests.filter(({ server }) => server === "token"),
    /** Hosts the app until the test ends. */
    async host(settings: Readonly<Record<string, string | undefined>> = {}): Promise<FunctionsHost> {
      emulator.forgetRequests();
      const host = await startFunctionsHost({ appRoot, env: { ...app.environment, ...settings } });
      onTestFinished(() => host.close());
      return host;
    },
    async close(): Promise<void> {
      await federated.dispose();
      await app.dispose();
      await emulator.close();
      await rm(appRoot, { recursive: true });
    },
  };
}

export type DeployedSample = Awaited<ReturnType<typeof deployedSample>>;

/** Calls a function with its key. */
export function call(host: FunctionsHost, route: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${host.url}/api/${route}`, { ...init, headers: { "x-functions-key": host.functionKey } });
}
