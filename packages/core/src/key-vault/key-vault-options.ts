import type { TokenCredential } from "@azure/core-auth";
import type { CertificateClientOptions } from "@azure/keyvault-certificates";
import type { SecretClientOptions } from "@azure/keyvault-secrets";
import type { Logger, ManagedIdentityId, TransportOptions } from "../index.js";
import { callable, milliseconds, type OptionRule, positive, record, text } from "../internal/options.js";
import { identityRule } from "../managed-identity/managed-identity-id.js";
import { transportRule } from "../transport/transport-options.js";

/** What both clients of the Azure SDK are given as it is, such as `retryOptions`. */
export type KeyVaultClientOptions = Omit<CertificateClientOptions & SecretClientOptions, "serviceVersion">;

/** Options of `certificateFromKeyVault`. */
export interface CertificateFromKeyVaultOptions {
  /** Such as `https://contoso.vault.azure.net`. */
  vaultUrl: string;
  /** The certificate's name in the vault. */
  name: string;
  /** Pins one version, which is then never replaced. @default the current one */
  version?: string | undefined;
  /**
   * What reads the vault. @default the host's managed identity where there is one (App Service, Functions and their like), else
   * `DefaultAzureCredential` of `@azure/identity`
   */
  credential?: TokenCredential | undefined;
  /**
   * Which managed identity that default takes. @default the one whose client id is in `MTLS_POP_MANAGED_IDENTITY_CLIENT_ID`, else the
   * system-assigned one
   */
  identity?: ManagedIdentityId | undefined;
  /** How often, in seconds, a use of the certificate asks the vault for a new version. @default 3600 */
  refreshAfterSeconds?: number | undefined;
  /** Milliseconds that one reading of the vault may take, with the identity's token. @default 30000 */
  timeoutMs?: number | undefined;
  /** Of these, `ca`, `caHosts`, `lookup` and `proxy` count. @default Node's roots and DNS, and the proxy of the environment */
  transport?: TransportOptions | undefined;
  /** Passed on to the SDK's clients; `agent`, `proxyOptions` or `tlsOptions` take the place of `transport`. @default their defaults */
  clientOptions?: KeyVaultClientOptions | undefined;
  /** Milliseconds since the epoch. @default Date.now */
  now?: (() => number) | undefined;
  /** Is told when a new version was taken up, and when the vault could not be read. @default nobody */
  logger?: Logger | undefined;
}

/** What they are checked by. */
export const RULES: Readonly<Record<keyof CertificateFromKeyVaultOptions, OptionRule>> = {
  vaultUrl: { ...text, required: true },
  name: { expected: "a certificate's name: 1 to 127 letters, digits and dashes", test: isName, required: true },
  version: {
    expected: "a version's id, letters and digits",
    test: (value) => typeof value === "string" && /^[0-9a-z]{1,64}$/i.test(value),
  },
  credential: {
    expected: "a TokenCredential",
    test: (value) => record.test(value) && callable.test(Reflect.get(Object(value), "getToken")),
  },
  identity: identityRule,
  refreshAfterSeconds: positive,
  timeoutMs: milliseconds,
  transport: transportRule,
  clientOptions: record,
  now: callable,
  logger: record,
};

function isName(value: unknown): boolean {
  return typeof value === "string" && /^[0-9A-Za-z-]{1,127}$/.test(value);
}
