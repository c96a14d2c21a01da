import { Agent, type AgentOptions } from "node:https";
import { isIP } from "node:net";
import type { Transport } from "../transport/transport-options.js";

/** Makes the connections of the SDK's clients as `transport` says, through a proxy where it names one. */
export class VaultAgent extends Agent {
  readonly #vault: URL;
  readonly #transport: Transport;

  constructor(vault: URL, transport: Transport) {
    super({ keepAlive: true, ...tlsOptions(vault, transport), ...(transport.lookup && { lookup: transport.lookup }) });
    this.#vault = vault;
    this.#transport = transport;
  }

  override createConnection(...[options, done]: Parameters<Agent["createConnection"]>): ReturnType<Agent["createConnection"]> {
    const { hostname, port } = this.#vault;
    const host = hostname.replace(/^\[|\]$/g, "");
    const tunnel = this.#transport.tunnelTo({ host, port: Number(port || 443) });
    if (!tunnel) return super.createConnection(options, done);
    const servername = isIP(host) === 0 ? { servername: host } : {};
    return tunnel.secure({ ...tlsOptions(this.#vault, this.#transport), host, ...servername, ALPNProtocols: ["http/1.1"] });
  }
}

function tlsOptions({ hostname }: URL, transport: Transport): Pick<AgentOptions, "ca" | "minVersion"> {
  const ca = transport.caFor(hostname);
  return { minVersion: "TLSv1.2", ...(ca && { ca: [...ca] }) };
}
