import { startEmulator } from "@mtls-pop/emulator";
import { ManagedIdentityApplication } from "../src/application/managed-identity-application.js";
import type { ManagedIdentityOptions } from "../src/application/managed-identity-options.js";
import { ImdsClient } from "../src/managed-identity/imds-request.js";
import { Transport, type TransportOptions } from "../src/transport/transport-options.js";
import { TestClock } from "./emulated.js";

export const VAULT = "https://vault.azure.net";

/** An emulated virtual machine, which is an app of App Service as well, with its managed identities. */
export async function startAzureHost() {
  const emulator = await startEmulator();
  const { host } = new URL(emulator.authority);
  const transport = { ca: emulator.ca, lookup: emulator.lookup };
  /** What a process on the machine finds in its environment. */
  const onMachine = { AZURE_POD_IDENTITY_AUTHORITY_HOST: emulator.instanceMetadata.url };
  const requestsTo = (server: string) => emulator.requests.filter((request) => request.server === server);
  return {
    emulator,
    transport,
    onMachine,
    onAppService: emulator.appService.environment,
    /** An application on it: on the machine unless `env` says otherwise. */
    application(over: ManagedIdentityOptions = {}): ManagedIdentityApplication {
      return new ManagedIdentityApplication({ env: onMachine, transport, knownAuthorities: [host], ...over });
    },
    /** A client of its metadata service, and the client's time. */
    imds(over: TransportOptions = {}, env: NodeJS.ProcessEnv = onMachine) {
      const clock = new TestClock();
      return { clock, imds: new ImdsClient({ transport: new Transport(over), clock, env }) };
    },
    /** What reached the metadata service, App Service's endpoint, the token endpoint. */
    metadataRequests: () => requestsTo("instance-metadata"),
    appServiceRequests: () => requestsTo("app-service"),
    tokenRequests: () => requestsTo("token"),
    close: () => emulator.close(),
  };
}
