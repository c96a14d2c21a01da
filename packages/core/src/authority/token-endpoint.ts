import { type Authority, notALoginHost } from "./authority.js";
import { assertRegion } from "./region.js";
import { assertDirectory, assertTenant } from "./tenant.js";

/** Which of an authority's token endpoints is meant. */
export interface TokenEndpointOptions {
  /** GUID or domain name. @default the authority's */
  readonly tenant?: string | undefined;
  /** Azure region to go to, such as `westus3`. @default the cloud's global endpoint */
  readonly region?: string | undefined;
}

/**
 * Where a certificate is presented in the TLS handshake: for every bound token, and for Bearer tokens over mTLS. `login` becomes
 * `mtlsauth`, a region goes in front; a dSTS keeps its own URL.
 *
 * @returns e.g. `https://westus3.mtlsauth.microsoft.com/{tenant}/oauth2/v2.0/token`
 * @throws {MtlsPopError} `missing_tenanted_authority`, `mtls_pop_not_supported_for_environment`, `invalid_authority`, `invalid_options`
 * @see PROTOCOL.md section 1
 */
export function mtlsTokenEndpoint(authority: Authority, { tenant = authority.tenant, region }: TokenEndpointOptions = {}): URL {
  const directory = assertTenant(tenant);
  return tokenEndpoint(authority, assertTakesCertificate(authority, directory), directory, region);
}

/**
 * Refuses what no certificate is presented to; costs next to nothing, so that it can stand before everything else.
 *
 * @param tenant as `assertTenant` gave it
 * @returns the host that the certificate may be presented to
 * @throws {MtlsPopError} `missing_tenanted_authority`, `mtls_pop_not_supported_for_environment`
 */
export function assertTakesCertificate({ host, mtlsHost }: Authority, tenant: string): string {
  assertDirectory(tenant);
  if (mtlsHost === undefined) throw notALoginHost(host);
  return mtlsHost;
}

/**
 * Where no certificate is presented: the login host, in a region of the public cloud `{region}.login.microsoft.com`.
 *
 * @throws {MtlsPopError} `invalid_authority`, `invalid_options`
 * @see PROTOCOL.md section 2
 */
export function loginTokenEndpoint(authority: Authority, { tenant = authority.tenant, region }: TokenEndpointOptions = {}): URL {
  const host = region === undefined ? authority.environment : authority.regionalLoginHost;
  return tokenEndpoint(authority, host, assertTenant(tenant), region);
}

function tokenEndpoint({ kind }: Authority, host: string, tenant: string, region: string | undefined): URL {
  if (kind === "dsts") return new URL(`https://${host}/dstsv2/${tenant}/oauth2/v2.0/token`);
  // checked here as well as at configuration: a region becomes part of a host name
  const regional = region === undefined ? host : `${assertRegion(region)}.${host}`;
  return new URL(`https://${regional}/${tenant}/oauth2/v2.0/token`);
}
