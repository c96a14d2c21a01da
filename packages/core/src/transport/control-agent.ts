import { Agent, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { MtlsPopError } from "../errors.js";
import type { ConnectTunnel } from "./connect-tunnel.js";
import { type Endpoint, endpointOf } from "./endpoint.js";
import type { Transport } from "./transport-options.js";

/** Makes the connection of one control request, through the proxy where there is one, and keeps nothing. */
export class ControlAgent extends Agent {
  readonly #endpoint: Endpoint;
  readonly #tunnelTo: () => ConnectTunnel | undefined;
  #tunnel: ConnectTunnel | undefined;

  /** @param correlationId for the proxy's errors */
  constructor(transport: Transport, url: URL, correlationId: string | undefined) {
    super();
    this.#endpoint = endpointOf(url);
    this.#tunnelTo = () => transport.tunnelTo(this.#endpoint, correlationId);
  }

  override createConnection(options: RequestOptions, callback?: (error: Error | null, stream: Duplex) => void): Duplex | null | undefined {
    this.#tunnel = this.#tunnelTo();
    if (!this.#tunnel) return super.createConnection(options, callback);
    return this.#tunnel.secure({ ...options, ...this.#endpoint, path: undefined });
  }

  /** The error for a connection that is late because of the proxy. */
  timeoutError(timeoutMs: number): MtlsPopError | undefined {
    return this.#tunnel?.timeoutError(timeoutMs);
  }
}
