/** One of Microsoft's clouds, as far as host names go. */
export interface Cloud {
  /** Names of its login service. The first is preferred: requests go there, and the cache knows the cloud by it. */
  readonly hosts: readonly [string, ...string[]];
  /** Where a client certificate is presented; a region goes in front. */
  readonly mtlsHost: string;
  /** What a region goes in front of when no client certificate is presented. */
  readonly regionalLoginHost: string;
}

/** The known clouds. @see PROTOCOL.md section 1; MSAL.NET's `KnownMetadataProvider` and `RegionAndMtlsDiscoveryProvider` */
export const CLOUDS: readonly Cloud[] = [
  {
    hosts: ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
    mtlsHost: "mtlsauth.microsoft.com",
    regionalLoginHost: "login.microsoft.com",
  },
  {
    hosts: ["login.microsoftonline.us", "login.usgovcloudapi.net"],
    mtlsHost: "mtlsauth.microsoftonline.us",
    regionalLoginHost: "login.microsoftonline.us",
  },
  {
    hosts: ["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    mtlsHost: "mtlsauth.partner.microsoftonline.cn",
    regionalLoginHost: "login.partner.microsoftonline.cn",
  },
  {
    hosts: ["login.microsoftonline.de"],
    mtlsHost: "mtlsauth.microsoftonline.de",
    regionalLoginHost: "login.microsoftonline.de",
  },
  {
    hosts: ["login.sovcloud-identity.fr"],
    mtlsHost: "mtlsauth.sovcloud-identity.fr",
    regionalLoginHost: "login.sovcloud-identity.fr",
  },
  {
    hosts: ["login.sovcloud-identity.de"],
    mtlsHost: "mtlsauth.sovcloud-identity.de",
    regionalLoginHost: "login.sovcloud-identity.de",
  },
  {
    hosts: ["login.sovcloud-identity.sg"],
    mtlsHost: "mtlsauth.sovcloud-identity.sg",
    regionalLoginHost: "login.sovcloud-identity.sg",
  },
  {
    hosts: ["login.windows-ppe.net", "sts.windows-ppe.net", "login.microsoft-ppe.com"],
    mtlsHost: "mtlsauth.windows-ppe.net",
    regionalLoginHost: "login.windows-ppe.net",
  },
];

const BY_HOST = new Map(CLOUDS.flatMap((cloud) => cloud.hosts.map((host) => [host, cloud] as const)));

/**
 * The cloud that a login host belongs to; `undefined` for a host in none.
 *
 * @param hostname in lower case, without port
 */
export function cloudOf(hostname: string): Cloud | undefined {
  return BY_HOST.get(hostname);
}

/**
 * Whether a host belongs to a token service of a known cloud: a login host, its mTLS counterpart, or a region of either.
 *
 * @param hostname in lower case, without port
 */
export function isCloudHost(hostname: string): boolean {
  // a dot at the end changes the name and not the host
  const name = hostname.replace(/\.$/, "");
  const services = CLOUDS.flatMap(({ hosts, mtlsHost, regionalLoginHost }) => [...hosts, mtlsHost, regionalLoginHost]);
  return services.some((host) => name === host || name.endsWith(`.${host}`));
}
