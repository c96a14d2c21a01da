/** One variable of the azd environment. */
interface Variable {
  /** As azd keeps it, and hands it to hooks and parameters. */
  readonly name: string;
  /**
   * Who writes it. `azd`: azd itself. `setting`: the user, with `azd env set`. `hook`: a hook, for `infra/main.parameters.json`.
   * `output`: `infra/main.bicep`, by an output of this name.
   */
  readonly from: "azd" | "setting" | "hook" | "output";
  readonly meaning: string;
  /** What holds while nothing is set. */
  readonly default?: string;
  /** The only values that there are. */
  readonly allowed?: readonly string[];
  /** A setting that `infra/main.parameters.json` reads as well. */
  readonly parameter?: true;
}

/**
 * Every variable of the azd environment that a hook reads or writes, under the name that the hooks' sources use. A test holds it equal to
 * what `infra/main.bicep` and `infra/main.parameters.json` have.
 */
export const VARIABLES = {
  environmentName: { name: "AZURE_ENV_NAME", from: "azd", meaning: "The azd environment; part of the names of what is made." },
  location: { name: "AZURE_LOCATION", from: "azd", meaning: "The region of everything, such as `westus3`." },
  subscriptionId: { name: "AZURE_SUBSCRIPTION_ID", from: "azd", meaning: "The subscription that everything goes into." },
  credential: {
    name: "MTLS_POP_CREDENTIAL",
    from: "setting",
    meaning: "What the app shows Entra: a certificate from Key Vault, or the managed identity by a federated credential.",
    default: "certificate",
    allowed: ["certificate", "federated"],
    parameter: true,
  },
  privateNetwork: {
    name: "VNET_ENABLED",
    from: "setting",
    meaning: "Whether app, vaults and storage are in a virtual network, behind private endpoints.",
    default: "false",
    allowed: ["true", "false"],
    parameter: true,
  },
  allowedIpAddresses: {
    name: "ALLOWED_IP_ADDRESSES",
    from: "setting",
    meaning: "With a private network: public addresses that reach the vaults all the same, such as that of whoever runs the hooks.",
    parameter: true,
  },
  certificateName: {
    name: "CERTIFICATE_NAME",
    from: "setting",
    meaning: "The certificate's name in its vault.",
    default: "mtls-pop",
    parameter: true,
  },
  certificateSubject: {
    name: "CERTIFICATE_SUBJECT",
    from: "setting",
    meaning: "The certificate's subject; `CN=` and the name of the azd environment otherwise.",
  },
  certificateIssuer: {
    name: "CERTIFICATE_ISSUER",
    from: "setting",
    meaning: "Who signs the certificate: `Self`, `Unknown` for a request that you have signed yourself, or an issuer of the vault's.",
    default: "Self",
  },
  certificateValidityMonths: {
    name: "CERTIFICATE_VALIDITY_MONTHS",
    from: "setting",
    meaning: "How long a certificate lasts, in months; the vault renews it at four fifths of that.",
    default: "12",
  },
  secretName: {
    name: "SECRET_NAME",
    from: "setting",
    meaning: "The demo secret's name in its vault.",
    default: "my-secret",
    parameter: true,
  },
  applicationId: {
    name: "APPLICATION_CLIENT_ID",
    from: "hook",
    meaning: "Client id of the app registration; set it yourself to have one used that is there already.",
  },
  applicationObjectId: { name: "APPLICATION_OBJECT_ID", from: "hook", meaning: "Object id of the app registration." },
  servicePrincipalId: {
    name: "APPLICATION_PRINCIPAL_ID",
    from: "hook",
    meaning: "Object id of the application's service principal, which gets the role on the secret's vault.",
  },
  certificateVaultUrl: { name: "CERTIFICATE_VAULT_URL", from: "output", meaning: "The vault that makes and holds the certificate." },
  secretVaultUrl: { name: "KEY_VAULT_URL", from: "output", meaning: "The vault that holds the demo secret." },
  identityPrincipalId: {
    name: "MANAGED_IDENTITY_PRINCIPAL_ID",
    from: "output",
    meaning: "Object id of the app's user-assigned managed identity; the subject of the federated credential.",
  },
} as const satisfies Record<string, Variable>;

export type VariableKey = keyof typeof VARIABLES;

/** The facts of one variable. */
export function variable(key: VariableKey): Variable {
  return VARIABLES[key];
}
