import type { AuthorizationScheme } from "./authorization-scheme.js";

/** What is known of a kind of resource. */
export interface ResourceProfile {
  /** Tried first; a 401 is answered once with the other one. */
  readonly authorizationScheme: AuthorizationScheme;
  /** Sent with every bound token. */
  readonly headers: Readonly<Record<string, string>>;
  /** The highest TLS version that the resource's way of asking for the certificate works with. */
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3";
  /** @default the resource's origin with `/.default` */
  readonly scope?: string;
}

/** The name of a profile. */
export type ResourceProfileName = "key-vault" | "graph" | "default";

/**
 * Resources whose demands are known. Key Vault asks for the certificate by a TLS renegotiation after it has read the request, which
 * TLS 1.3 does not have.
 *
 * @see PROTOCOL.md sections 4 and 9
 */
export const RESOURCE_PROFILES: Readonly<Record<ResourceProfileName, ResourceProfile>> = {
  "key-vault": {
    authorizationScheme: "mtls_pop",
    headers: { "x-ms-tokenboundauth": "true" },
    maxVersion: "TLSv1.2",
    scope: "https://vault.azure.net/.default",
  },
  graph: { authorizationScheme: "mtls_pop", headers: {}, scope: "https://graph.microsoft.com/.default" },
  default: { authorizationScheme: "pop", headers: {} },
};

interface KnownHost {
  /** A host name, or with `*.` in front any name exactly one label longer. */
  readonly host: string;
  readonly profile: ResourceProfileName;
  readonly scope: string;
}

/**
 * Hosts that need no configuration.
 *
 * @see https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates (DNS suffixes)
 * @see https://learn.microsoft.com/azure/china/resources-developer-guide, https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure
 */
const KNOWN_HOSTS: readonly KnownHost[] = [
  { host: "*.vault.azure.net", profile: "key-vault", scope: "https://vault.azure.net/.default" },
  { host: "*.vault.azure.cn", profile: "key-vault", scope: "https://vault.azure.cn/.default" },
  { host: "*.vault.usgovcloudapi.net", profile: "key-vault", scope: "https://vault.usgovcloudapi.net/.default" },
  { host: "mtlstb.graph.microsoft.com", profile: "graph", scope: "https://graph.microsoft.com/.default" },
];

/**
 * What is known of a host. A look-alike (`evilvault.azure.net`, `a.b.vault.azure.net`) and another port than 443 are not known.
 *
 * @param host as `URL.host` has it: lower case, with the port when it is not 443
 */
export function knownHost(host: string): { readonly profile: ResourceProfileName; readonly scope: string } | undefined {
  return KNOWN_HOSTS.find((known) => (known.host.startsWith("*.") ? isOneLabelBelow(host, known.host.slice(1)) : host === known.host));
}

function isOneLabelBelow(host: string, suffix: string): boolean {
  return host.endsWith(suffix) && host.length > suffix.length && !host.slice(0, -suffix.length).includes(".");
}
