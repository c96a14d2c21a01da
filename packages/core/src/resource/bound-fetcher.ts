import type { Logger } from "../internal/logger.js";
import { BindingAgents } from "../transport/binding-agents.js";
import type { Transport } from "../transport/transport-options.js";
import { SchemeMemory } from "./authorization-scheme.js";
import { BoundCall } from "./bound-call.js";
import { discard } from "./request-body.js";
import type { FetchCall } from "./request-input.js";
import type { Resource } from "./resource.js";
import { UnderWay } from "./under-way.js";

/** What a {@link BoundFetcher} is made of. */
export interface BoundFetcherOptions {
  readonly transport: Transport;
  readonly maxConnectionsPerOrigin: number;
  readonly logger?: Logger | undefined;
  /** Whether the token source can answer a claims challenge; a token that was handed in can't be renewed. */
  readonly renewable: boolean;
  /** Whether a URL of the resource's origin belongs to the resource. */
  readonly owns: (resource: Resource, url: URL) => boolean;
}

/** Calls resources with bound tokens, over connections with the certificate that each token is bound to. */
export class BoundFetcher {
  readonly options: BoundFetcherOptions;
  readonly agents: BindingAgents;
  readonly schemes: SchemeMemory = new SchemeMemory();
  readonly underWay: UnderWay = new UnderWay();
  #closing: Promise<void> | undefined;

  constructor(options: BoundFetcherOptions) {
    this.options = options;
    this.agents = new BindingAgents(options);
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Calls a resource. @throws {MtlsPopError} see docs/errors.md; the signal's reason when aborted */
  async fetch(resource: Resource, call: FetchCall): Promise<Response> {
    this.underWay.begin();
    try {
      return await new BoundCall(this, resource, call).run();
    } catch (error) {
      if (call.body) Promise.resolve(call.body).then(discard, () => undefined);
      throw error;
    } finally {
      this.underWay.end();
    }
  }

  /** Waits for what is under way, then ends every connection. */
  close(): Promise<void> {
    this.#closing ??= this.underWay.settled().then(() => this.agents.close());
    return this.#closing;
  }
}
