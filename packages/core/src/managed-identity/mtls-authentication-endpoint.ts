import { CLOUDS } from "../authority/clouds.js";
import { isKnownAuthority } from "../authority/known-authorities.js";
import { assertDirectory, assertTenant } from "../authority/tenant.js";
import { MtlsPopError } from "../errors.js";
import { invalidResponse } from "./invalid-response.js";

const MTLS_HOSTS = new Set(CLOUDS.map(({ mtlsHost }) => mtlsHost));

/** One DNS label: the region that may stand in front of a cloud's name. */
const REGION = /^[a-z0-9-]{1,63}\./;

/**
 * Turns the endpoint that issuecredential names into the tenant's token endpoint. The issued certificate is presented there, so it must
 * be a known cloud's, with or without a region, or follow from a host that the caller vouches for.
 *
 * @param endpoint such as `https://westus3.mtlsauth.microsoft.com`
 * @returns e.g. `https://westus3.mtlsauth.microsoft.com/{tenant}/oauth2/v2.0/token`
 * @throws {MtlsPopError} `invalid_managed_identity_response`, `untrusted_authority`, `invalid_authority`, `missing_tenanted_authority`
 * @see PROTOCOL.md section 5
 */
export function tokenEndpointOf(
  endpoint: string,
  { tenantId, knownAuthorities, correlationId }: { tenantId: string; knownAuthorities: readonly string[]; correlationId: string },
): URL {
  const tenant = assertTenant(tenantId);
  assertDirectory(tenant);
  const url = readUrl(endpoint, correlationId);
  if (!isOfKnownCloud(url) && !loginUrls(url).some((login) => isKnownAuthority(login, knownAuthorities))) {
    throw new MtlsPopError(
      "untrusted_authority",
      `The metadata service names ${url.host} as the place for the issued certificate, which is in no known cloud.`,
      { correlationId, help: "If it is right and you trust it, list its login host in `knownAuthorities`." },
    );
  }
  return new URL(`https://${url.host}/${tenant}/oauth2/v2.0/token`);
}

function readUrl(endpoint: string, correlationId: string): URL {
  // no user, path, query or blank, and nothing that a parser would repair: what is checked is what is asked
  if (/^https:\/\/[a-z0-9.-]+(:\d{1,5})?\/?$/i.test(endpoint) && URL.canParse(endpoint)) return new URL(endpoint);
  const found = /^http:/i.test(endpoint) ? "an http URL" : "no https URL of just a host";
  throw invalidResponse("issuecredential", `has as \`mtls_authentication_endpoint\` ${found}`, correlationId);
}

function isOfKnownCloud({ hostname }: URL): boolean {
  return MTLS_HOSTS.has(hostname) || MTLS_HOSTS.has(hostname.replace(REGION, ""));
}

/** The host itself, and the login host that it follows from: `{region}.mtlsauth.X` and `mtlsauth.X` from `login.X`. */
function loginUrls(url: URL): URL[] {
  const [, rest] = /^(?:[a-z0-9-]{1,63}\.)?mtlsauth\.(.+)$/.exec(url.hostname) ?? [];
  return rest === undefined ? [url] : [url, new URL(`https://login.${rest}${url.port && `:${url.port}`}`)];
}
