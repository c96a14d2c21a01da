/** The domain that every emulated name ends in. */
export const EMULATOR_DOMAIN = "emulator.localhost";

/** What a token endpoint's host stands for. */
export interface EntraHost {
  /** `login` takes signed assertions; `mtlsauth` and `dsts` want a client certificate. */
  readonly kind: "login" | "mtlsauth" | "dsts";
  /** The label in front, such as `westus3`. */
  readonly region?: string;
}

/** One of Microsoft's clouds, as far as host names go. */
export interface Cloud {
  /** Names of its login service, the preferred one first. */
  readonly login: readonly [string, ...string[]];
  /** Where a client certificate is presented. */
  readonly mtlsauth: string;
  /** Names that stand for it in an authority and serve no tokens. */
  readonly issuers?: readonly string[];
}

/** Microsoft's clouds. @see PROTOCOL.md section 1 */
export const CLOUDS: readonly Cloud[] = [
  {
    login: ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com"],
    mtlsauth: "mtlsauth.microsoft.com",
    issuers: ["sts.windows.net"],
  },
  { login: ["login.microsoftonline.us", "login.usgovcloudapi.net"], mtlsauth: "mtlsauth.microsoftonline.us" },
  { login: ["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"], mtlsauth: "mtlsauth.partner.microsoftonline.cn" },
  { login: ["login.microsoftonline.de"], mtlsauth: "mtlsauth.microsoftonline.de" },
  { login: ["login.sovcloud-identity.fr"], mtlsauth: "mtlsauth.sovcloud-identity.fr" },
  { login: ["login.sovcloud-identity.de"], mtlsauth: "mtlsauth.sovcloud-identity.de" },
  { login: ["login.sovcloud-identity.sg"], mtlsauth: "mtlsauth.sovcloud-identity.sg" },
  {
    login: ["login.windows-ppe.net", "login.microsoft-ppe.com"],
    mtlsauth: "mtlsauth.windows-ppe.net",
    issuers: ["sts.windows-ppe.net"],
  },
];

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
    for (const { login, mtlsauth } of CLOUDS) {
      for (const name of login) kinds.set(name, "login");
      kinds.set(mtlsauth, "mtlsauth");
    }
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
