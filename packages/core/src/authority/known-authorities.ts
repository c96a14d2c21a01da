import { MtlsPopError } from "../errors.js";

/** A host name or address with an optional scheme and port, and nothing that could make it mean another host. */
const ENTRY = /^(?:https:\/\/)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?\/?$/i;

const HTTPS_PORT = "443";

/**
 * Whether a caller vouches for a host. An entry with a port matches that port only; one without matches the host on every port.
 *
 * @param url the authority, as the URL parser read it
 * @param knownAuthorities the option of that name: `login.contoso.example`, `login.contoso.example:8443`, `https://login.contoso.example`
 * @throws {MtlsPopError} `invalid_options` for an entry that is no host
 */
export function isKnownAuthority(url: URL, knownAuthorities: readonly string[]): boolean {
  return knownAuthorities.map(parseEntry).some(({ host, port }) => {
    return host === url.hostname && (port === undefined || port === (url.port || HTTPS_PORT));
  });
}

function parseEntry(entry: string): { host: string; port: string | undefined } {
  const [, host, port] = ENTRY.exec(entry.trim()) ?? [];
  if (host !== undefined) return { host: host.toLowerCase(), port };
  throw new MtlsPopError("invalid_options", "`knownAuthorities` holds an entry that is no host name.", {
    help: "List hosts such as login.contoso.example or login.contoso.example:8443: no path, no wildcard, no user.",
  });
}
