import type { BindingAgents } from "../transport/binding-agents.js";
import type { Transport } from "../transport/transport-options.js";
import type { BindingRenewal } from "./binding-renewal.js";
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
  /** Of resources that did not recognize a token's binding. */
  readonly renewals: WeakMap<Resource, BindingRenewal>;
  /** Whether a URL of the resource's origin belongs to the resource. */
  readonly owns: (resource: Resource, url: URL) => boolean;
}
