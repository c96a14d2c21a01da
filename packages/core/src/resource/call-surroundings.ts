import type { BindingAgents } from "../transport/binding-agents.js";
import type { Transport } from "../transport/transport-options.js";
import type { Resource } from "./resource.js";
import type { RetryPolicy } from "./retry-options.js";
import type { SchemeMemory } from "./scheme-negotiation.js";
import type { UnderWay } from "./under-way.js";

/** What the calls of one client share. */
export interface CallSurroundings {
  readonly agents: BindingAgents;
  readonly schemes: SchemeMemory;
  readonly underWay: UnderWay;
  readonly transport: Transport;
  readonly retry: RetryPolicy;
  /** Access tokens that a resource refused for their binding although they were new, over connections that were new. */
  readonly hopeless: WeakMap<Resource, string>;
  /** Whether a URL of the resource's origin belongs to the resource. */
  readonly owns: (resource: Resource, url: URL) => boolean;
}
