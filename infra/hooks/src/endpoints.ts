/** Where a hook goes, and for what it asks a token. */
export interface Endpoints {
  readonly resourceManager: string;
  readonly graph: string;
  /** What tokens of managed identities name as their issuer, before the tenant. */
  readonly login: string;
  /** What a federated credential's token is for. */
  readonly tokenExchangeAudience: string;
}

/** Azure's public cloud. @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity */
export const PUBLIC_CLOUD: Endpoints = {
  resourceManager: "https://management.azure.com",
  graph: "https://graph.microsoft.com",
  login: "https://login.microsoftonline.com",
  tokenExchangeAudience: "api://AzureADTokenExchange",
};

export const RESOURCE_MANAGER_SCOPE = "https://management.azure.com/.default";
export const GRAPH_SCOPE = "https://graph.microsoft.com/.default";
