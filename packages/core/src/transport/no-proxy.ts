import { BlockList, isIP } from "node:net";

/** Whether a host is exempt: a name or an address without brackets. */
export type Exemption = (host: string, port: number) => boolean;

/** A name, address or range, and a port behind it; an address with colons has one only behind brackets. */
const ENTRY = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/;

/**
 * Reads `NO_PROXY`: entries with commas or blanks between them. A name is itself and what lies below it, with or without a leading `.` or
 * `*.`; an address or a range in CIDR notation is for hosts that are given as addresses; `*` is every host. Each may have a `:port`. What
 * is none of these exempts nobody.
 *
 * @see https://curl.se/libcurl/c/CURLOPT_NOPROXY.html, and undici's EnvHttpProxyAgent for ports and `*.`
 */
export function exemptions(list: string): Exemption {
  const all = list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .map(exemption);
  return (host, port) => all.some((exempts) => exempts(host, port));
}

function exemption(entry: string): Exemption {
  const [, address, name, port] = ENTRY.exec(entry) ?? [];
  const matches = matcher(address ?? name ?? entry);
  return (host, hostPort) => (port === undefined || Number(port) === hostPort) && matches(host);
}

function matcher(pattern: string): (host: string) => boolean {
  if (pattern === "*") return () => true;
  const [address = "", bits] = pattern.split("/");
  if (isIP(address)) return rangeMatcher(address, bits);
  const name = plainName(pattern).replace(/^\*?\./, "");
  return (host) => plainName(host) === name || plainName(host).endsWith(`.${name}`);
}

/** A host name as it is compared: `contoso.com.` is `contoso.com`. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function rangeMatcher(address: string, bits: string | undefined): (host: string) => boolean {
  const width = isIP(address) === 6 ? 128 : 32;
  const prefix = bits === undefined ? width : /^\d+$/.test(bits) ? Number(bits) : Number.NaN;
  if (!(prefix <= width)) return () => false;
  const range = new BlockList();
  range.addSubnet(address, prefix, isIP(address) === 6 ? "ipv6" : "ipv4");
  return (host) => holds(range, host);
}

/** Whether a host is an address of the list, also an IPv4 one in IPv6 notation. */
export function holds(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 6 ? "ipv6" : "ipv4");
}
