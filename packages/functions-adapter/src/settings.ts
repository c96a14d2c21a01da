/** Every app setting that the adapter follows, with when it must be set. The names are those of `@azure/identity` where it has one. */
export const SETTINGS = [
  {
    name: "MTLS_POP_CREDENTIAL",
    required: "never",
    description:
      'what proves the app\'s identity: "certificate", which is the default, "managed-identity", or "federated" for both in two legs',
  },
  {
    name: "AZURE_TENANT_ID",
    required: "unless the credential is managed-identity",
    description: "GUID or domain name of the directory that issues the tokens",
  },
  {
    name: "AZURE_CLIENT_ID",
    required: "unless the credential is managed-identity",
    description: "id of the app registration that the certificate belongs to; of leg 2's for federated; never a managed identity's",
  },
  {
    name: "AZURE_CLIENT_CERTIFICATE_PATH",
    required: "for certificate, and for federated with MTLS_POP_LEG1_CLIENT_ID, unless one of the next places is set",
    description: "PEM or PFX file with the certificate and its private key; read again when it changes",
  },
  {
    name: "MTLS_POP_CLIENT_CERTIFICATE",
    required: "in the place of AZURE_CLIENT_CERTIFICATE_PATH",
    description: "the same in base64, for example a Key Vault reference to the certificate's secret",
  },
  { name: "AZURE_CLIENT_CERTIFICATE_PASSWORD", required: "for an encrypted PEM or PFX", description: "opens the certificate" },
  {
    name: "MTLS_POP_CERTIFICATE_THUMBPRINT",
    required: "in the place of AZURE_CLIENT_CERTIFICATE_PATH",
    description:
      "thumbprint (SHA-1) of a certificate that App Service loads, as WEBSITE_LOAD_CERTIFICATES has it; no such on Flex Consumption",
  },
  {
    name: "MTLS_POP_CERTIFICATE_SUBJECT",
    required: "in the place of AZURE_CLIENT_CERTIFICATE_PATH",
    description: "subject of certificates that App Service loads, such as CN=Leg1Certificate; the newest valid one is taken",
  },
  {
    name: "MTLS_POP_CERTIFICATE_VAULT_URL",
    required: "in the place of AZURE_CLIENT_CERTIFICATE_PATH",
    description: "Key Vault that holds the certificate, such as https://contoso.vault.azure.net; read with the app's managed identity",
  },
  {
    name: "MTLS_POP_CERTIFICATE_NAME",
    required: "with MTLS_POP_CERTIFICATE_VAULT_URL",
    description: "the certificate's name in that vault; a new version is taken up while the app runs",
  },
  { name: "MTLS_POP_CERTIFICATE_VERSION", required: "never", description: "pins one version of that certificate" },
  {
    name: "MTLS_POP_MANAGED_IDENTITY_CLIENT_ID",
    required: "for a user-assigned identity",
    description:
      "its client id, for managed-identity, for leg 1 of federated and for reading the certificate's vault; without this and the next two the system-assigned one is taken",
  },
  {
    name: "MTLS_POP_MANAGED_IDENTITY_RESOURCE_ID",
    required: "in the place of the client id",
    description: "the resource id of that identity, /subscriptions/…",
  },
  {
    name: "MTLS_POP_MANAGED_IDENTITY_OBJECT_ID",
    required: "in the place of the client id",
    description: "the object (principal) id of that identity",
  },
  {
    name: "MTLS_POP_LEG1_CLIENT_ID",
    required: "for federated without a managed identity",
    description: "id of the app registration that is leg 1 and that the certificate belongs to; without it leg 1 is the managed identity",
  },
  {
    name: "AZURE_AUTHORITY_HOST",
    required: "outside the public cloud",
    description: "where the directory lives, such as https://login.microsoftonline.us",
  },
  {
    name: "AZURE_REGIONAL_AUTHORITY_NAME",
    required: "never",
    description: 'region of the token endpoint, such as westus3, or "auto" to find it out; without it the global endpoint',
  },
  {
    name: "MTLS_POP_KNOWN_AUTHORITIES",
    required: "for a login host in no known cloud",
    description: "such hosts, separated by commas; they are handed the client certificate",
  },
  {
    name: "MTLS_POP_EMULATOR_CA",
    required: "for the local emulator",
    description: "PEM file of its root; trusted for *.emulator.localhost alone, and these names are put on loopback",
  },
  {
    name: "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    required: "for the local emulator's managed identities",
    description: "where its instance metadata service is, in the place of http://169.254.169.254",
  },
] as const;

/** The name of a setting that the adapter follows. */
export type SettingName = (typeof SETTINGS)[number]["name"];

/** The settings that name a user-assigned identity; one of them at most is set. */
export const IDENTITY_SETTINGS = [
  "MTLS_POP_MANAGED_IDENTITY_CLIENT_ID",
  "MTLS_POP_MANAGED_IDENTITY_RESOURCE_ID",
  "MTLS_POP_MANAGED_IDENTITY_OBJECT_ID",
] as const;

/** Where settings are looked up; an app's are in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a setting; an empty one counts as not set. */
export function setting(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}
