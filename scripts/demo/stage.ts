import { fileURLToPath } from "node:url";
import {
  type Emulator,
  type FunctionsHost,
  type FunctionsHostOptions,
  type LocalApp,
  type LocalIdentityApp,
  prepareLocalApp,
  prepareLocalIdentityApp,
  startEmulator,
  startFunctionsHost,
} from "@mtls-pop/emulator";

/** The sample's app, seen from `scripts/demo/` as well as from `scripts/dist/demo/`. */
export const SAMPLE: string = fileURLToPath(
  new URL(`${import.meta.url.includes("/dist/") ? "../../.." : "../.."}/samples/keyvault-reader/app`, import.meta.url),
);

/** The secret that the vault holds. */
export const SECRET = { name: "my-secret", value: "A bound token has read this." } as const;

/** The region whose token endpoint the app is told to use. */
export const REGION = "westus3";

/** How long the token server takes to answer in the demo: as a near one would. */
export const TOKEN_LATENCY_MS = 200;

/** What could come from the shell and would make another app, or another host, of this one. */
const NOT_FROM_THE_SHELL = {
  AZURE_CLIENT_CERTIFICATE_PATH: undefined,
  AZURE_CLIENT_CERTIFICATE_PASSWORD: undefined,
  AZURE_POD_IDENTITY_AUTHORITY_HOST: undefined,
  IDENTITY_ENDPOINT: undefined,
  IDENTITY_HEADER: undefined,
  MSAL_DISABLE_REGION: undefined,
  MSI_ENDPOINT: undefined,
  MTLS_POP_CLIENT_CERTIFICATE: undefined,
  MTLS_POP_CREDENTIAL: undefined,
  MTLS_POP_LEG1_CLIENT_ID: undefined,
  MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: undefined,
  MTLS_POP_MANAGED_IDENTITY_OBJECT_ID: undefined,
  MTLS_POP_MANAGED_IDENTITY_RESOURCE_ID: undefined,
} as const;

/** An emulated cloud with an app registered in it, before that app runs. */
export interface Cloud<App = LocalApp> extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly app: App;
}

const SECRETS = { [SECRET.name]: SECRET.value };

/** Starts the emulator, registers the app with a new certificate and puts the secret into the vault. */
export function startCloud(): Promise<Cloud> {
  return startCloudFor((emulator) => prepareLocalApp(emulator, { secrets: SECRETS }));
}

/** Starts the emulator, registers an app that trusts a managed identity of the machine, and puts the secret into the vault. */
export function startFederatedCloud(): Promise<Cloud<LocalIdentityApp>> {
  return startCloudFor((emulator) =>
    prepareLocalIdentityApp(emulator, { credential: "federated", identity: "user-assigned", secrets: SECRETS }),
  );
}

async function startCloudFor<App extends LocalApp | LocalIdentityApp>(prepare: (emulator: Emulator) => Promise<App>): Promise<Cloud<App>> {
  const emulator = await startEmulator();
  try {
    const app = await prepare(emulator);
    const dispose = async (): Promise<void> => {
      await app.dispose();
      await emulator.close();
    };
    return { emulator, app, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await emulator.close();
    throw error;
  }
}

/** How the sample is hosted. */
export interface HostingOptions extends Pick<FunctionsHostOptions, "onLog"> {
  /** A folder with host.json, package.json and the bundle. @default the sample's own */
  readonly appRoot?: string;
}

/** Hosts the sample's built bundle with the app settings that a deployed app would have. */
export function hostSample({ app }: Cloud<LocalApp | LocalIdentityApp>, options: HostingOptions = {}): Promise<FunctionsHost> {
  const env = { ...NOT_FROM_THE_SHELL, ...app.environment, AZURE_REGIONAL_AUTHORITY_NAME: REGION };
  return startFunctionsHost({ appRoot: SAMPLE, env, ...options });
}
