import { app } from "@azure/functions";
import {
  type AuthenticationResult,
  BindingCertificate,
  ConfidentialClientApplication,
  isMtlsPopError,
  type TransportOptions,
} from "@mtls-pop/core";
import { type Emulator, startEmulator } from "@mtls-pop/emulator";
import { withMtlsPop } from "@mtls-pop/functions-adapter";

app.http("readSecret", {
  methods: ["GET"],
  route: "secrets/{name}",
  authLevel: "function",
  handler: withMtlsPop(
    { resources: { vault: { baseUrl: "%KEY_VAULT_URL%", profile: "key-vault" } } },
    async (request, context, { vault }) => {
      const response = await vault(`/secrets/${request.params["name"]}?api-version=7.4`);
      context.log(`The vault answered ${response.status}.`);
      return { status: response.status, jsonBody: await response.json() };
    },
  ),
});

app.timer("refresh", {
  schedule: "0 0 * * * *",
  handler: withMtlsPop(async (timer, _context, { acquireToken }) => {
    const { expiresOn } = await acquireToken({ scopes: ["https://vault.azure.net/.default"] });
    return timer.isPastDue ? expiresOn.getTime() : 0;
  }),
});

export async function acquire(emulator: Emulator, transport: TransportOptions): Promise<AuthenticationResult | string> {
  const { certificatePem, privateKeyPem } = await emulator.issueCertificate();
  const application = new ConfidentialClientApplication({
    clientId: "consumer",
    authority: emulator.authority,
    certificate: await BindingCertificate.fromPem(certificatePem + privateKeyPem),
    transport,
  });
  try {
    return await application.acquireTokenByClientCredential({ scopes: ["https://vault.azure.net/.default"], mtlsProofOfPossession: true });
  } catch (error) {
    return isMtlsPopError(error) ? error.code : String(error);
  }
}

export const start: typeof startEmulator = startEmulator;
