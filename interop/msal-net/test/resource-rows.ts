import type { ResourceOptions } from "@mtls-pop/core";
import type { Emulator, ServerName } from "@mtls-pop/emulator";
import type { Call } from "./msal-net.js";

/** An emulated resource: what a token is asked for, where a call goes, what core has to know of it. */
export interface Resource {
  readonly name: string;
  readonly asksForCertificate: string;
  readonly server: ServerName;
  readonly scope: (emulator: Emulator) => string;
  readonly url: (emulator: Emulator) => string;
  readonly options: (emulator: Emulator) => ResourceOptions;
}

/** One call of .NET's, and what comes of it. */
export interface ResourceRow extends Omit<Call, "url" | "another"> {
  readonly to: Resource;
  readonly sends: string;
  readonly status: number;
  /** What the resource says in refusing it. */
  readonly says?: string;
  /** The certificate that the resource sees. @default what the connection has to show */
  readonly seen?: "none";
  /** The TLS that core makes the call over, where it does. */
  readonly core?: "TLSv1.2" | "TLSv1.3";
  /** What core does where it does not. @default "never sends that" */
  readonly coreInstead?: string;
}

const GRAPH: Resource = {
  name: "Graph",
  asksForCertificate: "in the handshake",
  server: "graph",
  scope: () => "https://graph.microsoft.com/.default",
  url: ({ graph }) => `${graph.url}/v1.0/applications`,
  options: ({ graph }) => ({ baseUrl: graph.url, profile: "graph" }),
};
const API: Resource = {
  name: "an API of one's own",
  asksForCertificate: "in the handshake",
  server: "custom-api",
  scope: ({ customApi }) => customApi.scope,
  url: ({ customApi }) => `${customApi.url}/echo`,
  options: ({ customApi }) => ({ baseUrl: customApi.url, scope: customApi.scope }),
};
const VAULT: Resource = {
  name: "Key Vault",
  asksForCertificate: "by renegotiation",
  server: "key-vault",
  scope: () => "https://vault.azure.net/.default",
  url: ({ keyVault }) => `${keyVault.url}/secrets/my-secret?api-version=7.4`,
  options: ({ keyVault }) => ({ baseUrl: keyVault.url, profile: "key-vault" }),
};

const graph = { to: GRAPH, maxTls: "1.3" } as const;
const api = { to: API, maxTls: "1.3", scheme: "pop" } as const;
const vault = { to: VAULT, maxTls: "1.2", headers: { "x-ms-tokenboundauth": "true" } } as const;
const body = JSON.stringify({ value: "s3cret" });

/** Calls that the vault lets in. */
export const VAULT_GET: ResourceRow = { ...vault, sends: "GET, `mtls_pop`", status: 200, core: "TLSv1.2" };
export const VAULT_PUT: ResourceRow = { ...vault, sends: "PUT, `mtls_pop`", body, status: 200, core: "TLSv1.2" };

/** What .NET's own HttpClient sends with MSAL's token and certificate. */
export const RESOURCE_ROWS: readonly ResourceRow[] = [
  { ...graph, sends: "GET, `mtls_pop`", status: 200, core: "TLSv1.3" },
  { ...graph, sends: "GET, `mtls_pop`", maxTls: "1.2", status: 200, core: "TLSv1.2" },
  { ...graph, sends: "no certificate", shows: "none", status: 401, says: "MtlsMissingClientCertificate" },
  { ...graph, sends: "another certificate", shows: "another", status: 401, says: "MtlsCnfClaimRequestDataValidationFailed" },
  { ...graph, sends: "`Bearer`", scheme: "Bearer", status: 401, says: "Cnf claim not supported over Bearer protocol." },
  { ...api, sends: "GET, `pop`", status: 200, core: "TLSv1.3" },
  { ...api, sends: "GET, `pop`", maxTls: "1.2", status: 200, core: "TLSv1.2" },
  { ...api, sends: "PUT, `pop`", body, status: 200, core: "TLSv1.3" },
  {
    ...api,
    sends: "`mtls_pop`, as MSAL writes it",
    scheme: "mtls_pop",
    status: 401,
    says: "The scheme mtls_pop is not taken.",
    coreInstead: "begins with `pop`",
  },
  { ...api, sends: "no certificate", shows: "none", status: 401, says: "The connection showed no client certificate." },
  VAULT_GET,
  VAULT_PUT,
  {
    ...vault,
    sends: "GET, `mtls_pop`, as .NET comes",
    maxTls: "1.3",
    seen: "none",
    status: 401,
    says: "MissingClientCertificate",
    core: "TLSv1.2",
  },
  { ...vault, sends: "no certificate", shows: "none", status: 401, says: "MissingClientCertificate" },
  { ...vault, sends: "another certificate", shows: "another", status: 401, says: "MtlsCnfClaimRequestDataValidationFailed" },
  {
    ...vault,
    sends: "no `x-ms-tokenboundauth`",
    headers: {},
    seen: "none",
    status: 401,
    says: "Client certificate required for using MTLS_POP token.",
  },
  { ...vault, sends: "`Bearer`", scheme: "Bearer", seen: "none", status: 401, says: "BearerAuthenticationDisabledForKeyVault" },
];
