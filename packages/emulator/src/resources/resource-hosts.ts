import { EMULATOR_DOMAIN } from "../entra/entra-hosts.js";

/** The domain of the emulated vaults. */
export const VAULT_DOMAIN: string = `vault.${EMULATOR_DOMAIN}`;
/** The name of the emulated Graph that takes bound tokens. */
export const GRAPH_HOST: string = `mtlstb.graph.${EMULATOR_DOMAIN}`;
/** The domain of the emulated APIs of one's own. */
export const API_DOMAIN: string = `api.${EMULATOR_DOMAIN}`;

/** Whether a resource has a host name, given in lower case and without port. */
type HasName = (name: string) => boolean;

/** The names of each resource. */
export interface ResourceHosts {
  readonly keyVault: HasName;
  readonly graph: HasName;
  readonly customApi: HasName;
}

/**
 * The names of the emulated resources.
 *
 * @param clouds also those of the public cloud. @default false
 * @see PROTOCOL.md section 4
 */
export function resourceHosts({ clouds = false }: { readonly clouds?: boolean | undefined } = {}): ResourceHosts {
  return {
    keyVault: (name) => isUnder(VAULT_DOMAIN, name) || (clouds && isUnder("vault.azure.net", name)),
    graph: (name) => name === GRAPH_HOST || (clouds && name === "mtlstb.graph.microsoft.com"),
    customApi: (name) => isUnder(API_DOMAIN, name),
  };
}

/** Whether a name is one label in front of a domain. */
function isUnder(domain: string, name: string): boolean {
  return name.endsWith(`.${domain}`) && /^[a-z0-9-]{1,63}$/.test(name.slice(0, -domain.length - 1));
}
