// Reads a secret with a bound token, as the app settings in the environment say; prints what came of it.
import { readFile } from "node:fs/promises";
import { ConfidentialClientApplication, certificateFromEnvironment, createPopFetch } from "@mtls-pop/core";

const { AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_AUTHORITY_HOST, MTLS_POP_KNOWN_AUTHORITIES, MTLS_POP_EMULATOR_CA, KEY_VAULT_URL } =
  process.env;
const transport = {
  ca: await readFile(MTLS_POP_EMULATOR_CA, "utf8"),
  lookup: (_name, { all }, callback) => (all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4)),
};
const application = new ConfidentialClientApplication({
  clientId: AZURE_CLIENT_ID,
  tenantId: AZURE_TENANT_ID,
  authority: AZURE_AUTHORITY_HOST,
  knownAuthorities: [MTLS_POP_KNOWN_AUTHORITIES],
  certificate: certificateFromEnvironment(),
  transport,
});
const { tokenType, bindingCertificate } = await application.acquireTokenByClientCredential({
  scopes: ["https://vault.azure.net/.default"],
  mtlsProofOfPossession: true,
});
const vault = createPopFetch({ tokens: application, resources: { vault: { baseUrl: KEY_VAULT_URL, profile: "key-vault" } }, transport });
const response = await vault(`${KEY_VAULT_URL}/secrets/my-secret?api-version=7.4`);
const { value } = await response.json();
await vault.close();
console.log(JSON.stringify({ tokenType, thumbprint: bindingCertificate?.thumbprint, status: response.status, value }));
