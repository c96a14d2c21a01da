import { BlockList } from "node:net";
import { ForwardProxy } from "./forward-proxy.js";
import { type Exemption, exemptions, holds, plainName } from "./no-proxy.js";

/** Addresses of this machine and of its link, where the metadata services live: no proxy reaches these for us. */
const LOCAL_RANGES = [
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["::1", 128, "ipv6"],
  ["fe80::", 10, "ipv6"],
] as const;

/** Which proxy connections to a host go through, if any: settled when a client is made. */
export class ProxyRoute {
  readonly #proxy: ForwardProxy;
  readonly #isExempt: Exemption;
  readonly #local = new BlockList();

  private constructor(proxy: ForwardProxy, isExempt: Exemption) {
    this.#proxy = proxy;
    this.#isExempt = isExempt;
    for (const [network, prefix, family] of LOCAL_RANGES) this.#local.addSubnet(network, prefix, family);
  }

  /**
   * @param option `transport.proxy`: when given, the environment counts for nothing
   * @param env `https_proxy` and `no_proxy`, in lower case before upper case as curl has it, also when empty
   * @returns `undefined` where there is no proxy
   * @throws {MtlsPopError} `invalid_options`
   * @see https://everything.curl.dev/usingcurl/proxies/env.html
   */
  static of(option: string | URL | false | undefined, env: Readonly<NodeJS.ProcessEnv>): ProxyRoute | undefined {
    if (option === false) return undefined;
    if (option !== undefined) return new ProxyRoute(new ForwardProxy(option, "`transport.proxy`"), () => false);
    const name = env["https_proxy"] === undefined ? "HTTPS_PROXY" : "https_proxy";
    const value = env[name]?.trim();
    if (!value) return undefined;
    const proxy = new ForwardProxy(value, `${name} in the environment`);
    return new ProxyRoute(proxy, exemptions(env["no_proxy"] ?? env["NO_PROXY"] ?? ""));
  }

  /** @param host name or address, an IPv6 one without its brackets */
  proxyFor(host: string, port: number): ForwardProxy | undefined {
    return this.#isLocal(host) || this.#isExempt(host, port) ? undefined : this.#proxy;
  }

  #isLocal(host: string): boolean {
    const name = plainName(host);
    return name === "localhost" || name.endsWith(".localhost") || holds(this.#local, host);
  }
}
