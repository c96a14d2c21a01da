import { isIP } from "node:net";
import { MtlsPopError } from "../errors.js";

/** The ports of a URL that names none (https://url.spec.whatwg.org/#special-scheme). */
const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** A proxy that opens tunnels. Its credentials are in no property, so that nothing prints them. */
export class ForwardProxy {
  /** Name or address, an IPv6 one without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether the proxy itself is spoken to over TLS. */
  readonly isTls: boolean;
  /** For SNI; empty for an address. */
  readonly servername: string;
  /** `host:port` for messages. */
  readonly authority: string;
  /** What named it: `transport.proxy` or a variable. */
  readonly source: string;
  readonly #authorization: string | undefined;

  /**
   * @param value e.g. `http://user:password@proxy.contoso:3128`; without a scheme it is `http:`
   * @throws {MtlsPopError} `invalid_options`, without a word of the value
   */
  constructor(value: string | URL, source: string) {
    const url = parse(String(value).trim(), source);
    this.host = url.hostname.replace(/^\[|\]$/g, "");
    this.port = Number(url.port || DEFAULT_PORTS[url.protocol]);
    this.isTls = url.protocol === "https:";
    this.servername = isIP(this.host) ? "" : this.host;
    this.authority = `${url.hostname}:${this.port}`;
    this.source = source;
    this.#authorization = authorizationOf(url, source);
  }

  /** The value of `Proxy-Authorization` (RFC 7617), for the proxy alone; `undefined` without credentials. */
  get authorization(): string | undefined {
    return this.#authorization;
  }
}

function parse(value: string, source: string): URL {
  // as curl has it
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (!URL.canParse(text)) throw invalid(source, "is not the URL of a proxy.");
  const url = new URL(text);
  if (url.protocol in DEFAULT_PORTS) return url;
  throw invalid(source, `names a proxy of the kind ${url.protocol}, but only http: and https: are supported, with the method CONNECT.`);
}

function authorizationOf({ username, password }: URL, source: string): string | undefined {
  if (!username && !password) return undefined;
  try {
    return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}`;
  } catch {
    throw invalid(source, "has credentials in which a % begins no percent-encoding.");
  }
}

function invalid(source: string, flaw: string): MtlsPopError {
  return new MtlsPopError("invalid_options", `${source} ${flaw}`, {
    help: "Write http://host:port, or http://user:password@host:port with special characters percent-encoded; `transport.proxy: false` is no proxy.",
  });
}
