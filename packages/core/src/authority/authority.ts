import { MtlsPopError } from "../errors.js";
import { type Cloud, cloudOf } from "./clouds.js";
import { isKnownAuthority } from "./known-authorities.js";
import { assertTenant, codePoint } from "./tenant.js";

/** Who issues the tokens: a directory, at hosts that may be asked. Only {@link parseAuthority} makes one. */
export interface Authority {
  /** `entra`, or `dsts` for a datacenter security token service, whose URL is used as it is. */
  readonly kind: "entra" | "dsts";
  /** As it was given: lower case, with an explicit port. */
  readonly host: string;
  /** The cloud's preferred login host, with an explicit port; the cache knows the authority by it. */
  readonly environment: string;
  /** What a region goes in front of when no certificate is presented. */
  readonly regionalLoginHost: string;
  /** Where a certificate is presented; `undefined` where none may be. */
  readonly mtlsHost: string | undefined;
  /** In lower case. */
  readonly tenant: string;
}

/** How an application names its authority. */
export interface AuthorityOptions {
  /** E.g. `https://login.microsoftonline.com/{tenant}`. @default the public cloud */
  readonly authority?: string | undefined;
  /** GUID or domain name of the directory. @default the authority's */
  readonly tenantId?: string | undefined;
  /** Login hosts in no known cloud that may be asked, and whose `mtlsauth` host may be handed the certificate. @default none */
  readonly knownAuthorities?: readonly string[] | undefined;
}

const PUBLIC_CLOUD = "https://login.microsoftonline.com";

/** Room for the longest host name and tenant, in characters. */
const MAX_LENGTH = 1000;

const HELP = "Use https://login.microsoftonline.com/{tenant id}, or the login host of your cloud.";

/** What may follow the tenant and says nothing more: people paste issuers and endpoints. */
const SUFFIXES = new Set(["", "v2.0", "oauth2/v2.0/token", "oauth2/v2.0/authorize"]);

/** Microsoft's other token services, told by host or path, which issue no bound tokens. */
const OTHER_SERVICES: readonly { readonly name: string; readonly matches: (hostname: string, path: readonly string[]) => boolean }[] = [
  { name: "AD FS", matches: (_, [first]) => first === "adfs" },
  {
    name: "Azure AD B2C",
    matches: (hostname, path) =>
      hostname.endsWith(".b2clogin.com") || path[0] === "tfp" || path.some((segment) => segment.startsWith("b2c_1")),
  },
  { name: "Entra External ID (CIAM)", matches: (hostname) => hostname.endsWith(".ciamlogin.com") },
];

/**
 * Reads an authority and decides which hosts may be asked. `http` becomes `https`, user info is dropped, a `/v2.0` or trailing slashes
 * are no harm; anything that could make the text mean another host than a reader sees is refused.
 *
 * @returns its hosts and tenant; `tenantId` wins over the tenant in the URL
 * @throws {MtlsPopError} `invalid_authority`; `untrusted_authority` for a login host in no known cloud and not in `knownAuthorities`;
 * `mtls_pop_not_supported_for_environment` for what is no Entra login host; `missing_tenanted_authority`; `invalid_options`
 * @see PROTOCOL.md section 1
 */
export function parseAuthority({ authority = PUBLIC_CLOUD, tenantId, knownAuthorities = [] }: AuthorityOptions): Authority {
  const url = readUrl(authority);
  const path = url.pathname.toLowerCase().split("/").filter(Boolean);
  refuseOtherServices(url.hostname, path);
  const isDsts = path[0] === "dstsv2";
  const [inPath, ...suffix] = isDsts ? path.slice(1) : path;
  if (!SUFFIXES.has(suffix.join("/"))) throw invalid("has more in its path than a tenant");
  const cloud = isDsts ? undefined : cloudOf(url.hostname);
  if (!isKnownAuthority(url, knownAuthorities) && !cloud) throw unknownHost(url, isDsts);
  const [tenant] = [tenantId, inPath].filter((name) => name !== undefined).map(assertTenant);
  if (tenant === undefined) {
    throw new MtlsPopError("missing_tenanted_authority", `The authority ${url.host} names no tenant.`, {
      help: "Pass the directory's id or domain name as `tenantId`, or in the authority.",
    });
  }
  const hosts = isDsts ? { environment: url.host, regionalLoginHost: url.host, mtlsHost: url.host } : hostsOf(url, cloud);
  return { kind: isDsts ? "dsts" : "entra", host: url.host, tenant, ...hosts };
}

function readUrl(authority: string): URL {
  const text = authority.trim();
  if (text.length > MAX_LENGTH) throw invalid(`has ${text.length} characters`);
  const odd = /[^\x21-\x7e]|[\\%]/u.exec(text)?.[0];
  if (odd) throw invalid(`holds ${codePoint(odd)}, which has no place in it`);
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) throw invalid("is no https URL");
  if (/\/\.{1,2}(\/|$)/.test(text)) throw invalid("holds a relative path");
  const url = new URL(text.replace(/^http:/i, "https:"));
  if (url.search || url.hash) throw invalid("has a query or a fragment");
  return url;
}

function refuseOtherServices(hostname: string, path: readonly string[]): void {
  const service = OTHER_SERVICES.find(({ matches }) => matches(hostname, path));
  if (!service) return;
  throw new MtlsPopError("mtls_pop_not_supported_for_environment", `The authority at ${hostname} is ${service.name}, not Entra ID.`, {
    help: HELP,
  });
}

function hostsOf({ hostname, port }: URL, cloud: Cloud | undefined): Pick<Authority, "environment" | "regionalLoginHost" | "mtlsHost"> {
  const suffix = port && `:${port}`;
  const environment = `${cloud?.hosts[0] ?? hostname}${suffix}`;
  const mtlsHost = cloud?.mtlsHost ?? hostname.replace(/^login\./, "mtlsauth.");
  return {
    environment,
    regionalLoginHost: cloud ? `${cloud.regionalLoginHost}${suffix}` : environment,
    // by the name that was given, not the cloud's: sts.windows.net belongs to the public cloud and is refused all the same
    mtlsHost: hostname.startsWith("login.") ? `${mtlsHost}${suffix}` : undefined,
  };
}

function unknownHost({ host, hostname }: URL, isDsts: boolean): MtlsPopError {
  if (isDsts || hostname.startsWith("login.")) {
    return new MtlsPopError("untrusted_authority", `The authority ${host} is in no known cloud, so it is handed no credential.`, {
      help: "Check its spelling; if it is right and you trust it, list it in `knownAuthorities`.",
    });
  }
  return notALoginHost(host);
}

/** The error for a host that has no mTLS counterpart. */
export function notALoginHost(host: string): MtlsPopError {
  return new MtlsPopError(
    "mtls_pop_not_supported_for_environment",
    `The authority ${host} does not begin with "login.", so it has no mTLS endpoint.`,
    { help: `${HELP} The mTLS host follows from it, and a region goes into \`azureRegion\`.` },
  );
}

function invalid(what: string): MtlsPopError {
  // the text stays out of the message: user info in it may be a password
  return new MtlsPopError("invalid_authority", `The authority ${what}.`, { help: HELP });
}
