import { randomUUID } from "node:crypto";
import { get } from "node:https";
import { text } from "node:stream/consumers";
import {
  type FunctionsHost,
  prepareLocalApp,
  prepareLocalIdentityApp,
  type RecordedRequest,
  type ServerName,
  startEmulator,
  startFunctionsHost,
} from "@mtls-pop/emulator";
import { onTestFinished } from "vitest";
import { SECRET, secretPath } from "./local-app.js";

type Settings = Readonly<Record<string, string | undefined>>;

/** What leg 1 is. */
export type Leg1 = "managed identity" | "confidential client";

/** What a developer's shell may have, and would be another host's identity. */
const NO_OTHER_SOURCE = { IDENTITY_ENDPOINT: undefined, IDENTITY_HEADER: undefined, MSI_ENDPOINT: undefined, MSI_SECRET: undefined };

/** An emulator whose vault takes Bearer tokens too, with an application that is leg 2 of either leg 1. */
export async function federatedApps() {
  const emulator = await startEmulator({ keyVault: { mode: "optional" } });
  const identityApp = await prepareLocalIdentityApp(emulator, {
    credential: "federated",
    identity: "user-assigned",
    secrets: { "my-secret": SECRET },
  });
  const firstApp = await prepareLocalApp(emulator);
  const leg2ClientId = randomUUID();
  const subject = emulator.applications.get(firstApp.clientId)?.objectId ?? "";
  emulator.applications.register({ clientId: leg2ClientId, federatedSubjects: [subject] });
  const settings: Readonly<Record<Leg1, Settings>> = {
    "managed identity": { ...NO_OTHER_SOURCE, ...identityApp.environment },
    "confidential client": {
      ...firstApp.environment,
      MTLS_POP_CREDENTIAL: "federated",
      MTLS_POP_LEG1_CLIENT_ID: firstApp.clientId,
      AZURE_CLIENT_ID: leg2ClientId,
    },
  };
  const requests = (server: ServerName): RecordedRequest[] => emulator.requests.filter((request) => request.server === server);

  return {
    emulator,
    identity: identityApp.identity,
    settings,
    requests,
    clientIds: {
      "managed identity": [identityApp.identity.clientId, String(identityApp.environment.AZURE_CLIENT_ID)],
      "confidential client": [firstApp.clientId, leg2ClientId],
    } as const,
    /** Hosts the functions until the test ends. */
    async host(register: () => unknown, env: Settings): Promise<FunctionsHost> {
      emulator.forgetRequests();
      const host = await startFunctionsHost({ entry: register, env });
      onTestFinished(() => host.close());
      return host;
    },
    /** Reads the secret as any client with a Bearer token does: no certificate, no client of this toolkit's. */
    readWithBearer: (token: string) =>
      new Promise<{ value?: unknown }>((resolve, reject) => {
        const options = { ca: emulator.ca, lookup: emulator.lookup, headers: { authorization: `Bearer ${token}` } };
        const call = get(`${emulator.keyVault.url}${secretPath}`, options, (response) => {
          text(response).then((body) => resolve(JSON.parse(body)), reject);
        });
        call.on("error", reject);
      }),
    async close(): Promise<void> {
      await firstApp.dispose();
      await identityApp.dispose();
      await emulator.close();
    },
  };
}

export type FederatedApps = Awaited<ReturnType<typeof federatedApps>>;
