import type { BoundToken } from "../application/bound-token-source.js";
import { MtlsPopError } from "../errors.js";
import type { Logger } from "../internal/logger.js";
import { BindingAgents } from "../transport/binding-agents.js";
import type { Transport } from "../transport/transport-options.js";
import { BoundCall } from "./bound-call.js";
import type { CallSurroundings } from "./call-surroundings.js";
import { discard } from "./request-body.js";
import type { FetchCall } from "./request-input.js";
import type { Resource } from "./resource.js";
import { type Conclude, toResponse } from "./response.js";
import type { RetryPolicy } from "./retry-options.js";
import type { SchemeMemory } from "./scheme-negotiation.js";
import { UnderWay } from "./under-way.js";

/** What a {@link BoundFetcher} is made of. */
export interface BoundFetcherOptions {
  readonly transport: Transport;
  readonly maxConnectionsPerOrigin: number;
  readonly retry: RetryPolicy;
  readonly logger?: Logger | undefined;
  readonly owns: CallSurroundings["owns"];
}

/** Calls resources with bound tokens, over connections with the certificate that each token is bound to. */
export class BoundFetcher implements CallSurroundings {
  readonly agents: BindingAgents;
  readonly schemes: SchemeMemory = new WeakMap();
  readonly underWay: UnderWay = new UnderWay();
  readonly transport: Transport;
  readonly retry: RetryPolicy;
  readonly renewals: CallSurroundings["renewals"] = new WeakMap();
  readonly owns: CallSurroundings["owns"];
  #closing: Promise<void> | undefined;

  constructor(options: BoundFetcherOptions) {
    this.transport = options.transport;
    this.retry = options.retry;
    this.owns = options.owns;
    this.agents = new BindingAgents(options);
  }

  /**
   * Calls a resource.
   *
   * @param token one that the caller holds, in place of one from the resource's source
   * @throws {MtlsPopError} see docs/errors.md; the signal's reason when aborted
   */
  fetch(resource: Resource, call: FetchCall, token?: BoundToken): Promise<Response> {
    return this.call(resource, call, toResponse, token);
  }

  /** The same, for who does not want a `Response`. @param conclude makes of the answer what the caller gets */
  async call<T>(resource: Resource, call: FetchCall, conclude: Conclude<T>, token?: BoundToken): Promise<T> {
    this.underWay.begin();
    try {
      this.assertOpen();
      return await new BoundCall(this, resource, call, conclude, token).run();
    } catch (error) {
      if (call.body) discard(call.body, error);
      throw error;
    } finally {
      this.underWay.end();
    }
  }

  /** @throws {MtlsPopError} `client_closed` */
  assertOpen(): void {
    if (!this.#closing) return;
    throw new MtlsPopError("client_closed", "The client was closed; it makes no more calls.", { help: "Make a new one." });
  }

  /** Waits for what is under way, then ends every connection. */
  close(): Promise<void> {
    this.#closing ??= this.underWay.settled().then(() => this.agents.close());
    return this.#closing;
  }
}
