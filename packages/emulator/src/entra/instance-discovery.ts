import { EntraError } from "./aadsts.js";
import { CLOUDS, EMULATOR_DOMAIN, type EntraHosts } from "./entra-hosts.js";

/** Where a client asks whether an authority is Entra's, and by which other names it goes. */
export const INSTANCE_DISCOVERY_PATH = "/common/discovery/instance";

/** The names of each cloud: where requests go, by which name caches know it, and all there are. */
const METADATA = [
  ...CLOUDS.map(({ login, issuers = [] }) => {
    const [preferred, older] = login;
    // the public cloud's tokens were cached under its old name before it had the new one
    const cached = preferred === "login.microsoftonline.com" ? (older ?? preferred) : preferred;
    return { preferred_network: preferred, preferred_cache: cached, aliases: [...login, ...issuers] };
  }),
  {
    preferred_network: `login.${EMULATOR_DOMAIN}`,
    preferred_cache: `login.${EMULATOR_DOMAIN}`,
    aliases: [`login.${EMULATOR_DOMAIN}`],
  },
];

/**
 * Instance discovery, which MSAL does before it sends an assertion to a login host.
 *
 * @param authorizationEndpoint of the authority in question
 * @throws {EntraError} 900144 without one, 50049 for one of an unknown host
 */
export function instanceDiscovery(authorizationEndpoint: string | undefined, hosts: EntraHosts): Readonly<Record<string, unknown>> {
  if (!authorizationEndpoint) throw new EntraError(900144, { field: "authorization_endpoint" });
  if (!URL.canParse(authorizationEndpoint)) throw new EntraError(50049);
  const { host, hostname, pathname } = new URL(authorizationEndpoint);
  const [, tenant] = /^\/([^/]+)\//.exec(pathname) ?? [];
  const isKnown = hosts(hostname)?.kind === "login" || METADATA.some(({ aliases }) => aliases.includes(hostname));
  if (tenant === undefined || !isKnown) throw new EntraError(50049);
  return {
    tenant_discovery_endpoint: `https://${host}/${tenant}/v2.0/.well-known/openid-configuration`,
    "api-version": "1.1",
    metadata: METADATA,
  };
}
