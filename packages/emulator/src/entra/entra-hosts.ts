/** The domain that every emulated name ends in. */
export const EMULATOR_DOMAIN = "emulator.localhost";

/** What a token endpoint's host stands for. */
export interface EntraHost {
  /** `login` takes signed assertions; `mtlsauth` and `dsts` want a client certificate. */
  readonly kind: "login" | "mtlsauth" | "dsts";
  /** The label in front, such as `westus3`. */
  readonly region?: string;
}

/** Login names of Microsoft's clouds and the mTLS names that belong to them. @see PROTOCOL.md section 1 */
const CLOUD_DOMAINS = {
  login: [
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "login.microsoftonline.us",
    "login.usgovcloudapi.net",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "login.microsoftonline.de",
    "login.sovcloud-identity.fr",
    "login.sovcloud-identity.de",
    "login.sovcloud-identity.sg",
    "login.windows-ppe.net",
    "login.microsoft-ppe.com",
  ],
  mtlsauth: [
    "mtlsauth.microsoft.com",
    "mtlsauth.microsoftonline.us",
    "mtlsauth.partner.microsoftonline.cn",
    "mtlsauth.microsoftonline.de",
    "mtlsauth.sovcloud-identity.fr",
    "mtlsauth.sovcloud-identity.de",
    "mtlsauth.sovcloud-identity.sg",
    "mtlsauth.windows-ppe.net",
  ],
} as const;

/** Which names the token endpoint answers for. */
export interface EntraHostsOptions {
  /** Also the names of Microsoft's clouds. @default false */
  readonly clouds?: boolean | undefined;
  /** The regions there are. @default every well-formed name */
  readonly regions?: readonly string[] | undefined;
}

/** Tells what a host name is to the token endpoint; `undefined` for one that it does not serve. */
export type EntraHosts = (host: string) => EntraHost | undefined;

/**
 * The names of the token endpoint, global and regional.
 *
 * @returns a look-up that takes a host name without port, in lower case
 */
export function entraHosts({ clouds = false, regions }: EntraHostsOptions = {}): EntraHosts {
  const kinds = new Map<string, EntraHost["kind"]>([
    [`login.${EMULATOR_DOMAIN}`, "login"],
    [`mtlsauth.${EMULATOR_DOMAIN}`, "mtlsauth"],
    [`dsts.${EMULATOR_DOMAIN}`, "dsts"],
  ]);
  if (clouds) {
    for (const kind of ["login", "mtlsauth"] as const) for (const name of CLOUD_DOMAINS[kind]) kinds.set(name, kind);
  }
  return (host) => {
    const global = kinds.get(host);
    if (global) return { kind: global };
    const [, region, rest] = /^([a-z0-9]{1,63})\.(.+)$/.exec(host) ?? [];
    const kind = rest === undefined ? undefined : kinds.get(rest);
    if (region === undefined || kind === undefined || kind === "dsts" || (regions && !regions.includes(region))) return undefined;
    return { kind, region };
  };
}
