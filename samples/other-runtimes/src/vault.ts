import { ConfidentialClientApplication, certificateFromEnvironment, createPopClients } from "@mtls-pop/core";
import { emulatorTransport } from "./emulator.js";

/**
 * The client of one vault, as the environment says. Make one for each process and keep it: its token, certificate and connections serve
 * every call after the first.
 *
 * @throws {MtlsPopError} `invalid_options`, `certificate_not_configured`
 */
export function vaultClients({
  AZURE_TENANT_ID: tenantId = "",
  AZURE_CLIENT_ID: clientId = "",
  AZURE_AUTHORITY_HOST: authority,
  MTLS_POP_KNOWN_AUTHORITIES: known,
  MTLS_POP_EMULATOR_CA: emulatorCa,
  KEY_VAULT_URL: baseUrl = "",
}: NodeJS.ProcessEnv) {
  const transport = emulatorTransport(emulatorCa);
  const tokens = new ConfidentialClientApplication({
    clientId,
    tenantId,
    certificate: certificateFromEnvironment(),
    transport,
    ...(authority && { authority }),
    ...(known && { knownAuthorities: known.split(",") }),
  });
  return createPopClients({ tokens, resources: { vault: { baseUrl, profile: "key-vault" } }, transport });
}
