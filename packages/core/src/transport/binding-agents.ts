import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { type Logger, tell } from "../internal/logger.js";
import type { Endpoint } from "./endpoint.js";
import { MtlsAgent } from "./mtls-agent.js";
import type { Transport } from "./transport-options.js";

/** Certificates whose connections one client keeps; with more in use at once, the longest known one's are closed when they are idle. */
const MAX_CERTIFICATES = 16;

/** Who connects: the same object for the same resource each time. */
export interface Connecting {
  readonly endpoint: Endpoint;
  readonly maxVersion: "TLSv1.2" | "TLSv1.3" | undefined;
}

interface Binding {
  readonly certificate: BindingCertificate;
  readonly agents: Map<string, MtlsAgent>;
  readonly users: Set<Connecting>;
}

interface Slot {
  readonly certificate: BindingCertificate;
  readonly agent: MtlsAgent;
  readonly binding: Binding;
}

/** What {@link BindingAgents} is made of. */
export interface BindingAgentsOptions {
  readonly transport: Transport;
  readonly maxConnectionsPerOrigin: number;
  readonly logger?: Logger | undefined;
}

/**
 * The agents of one client. Each belongs to one binding certificate; when the last resource has moved on to another certificate, the
 * old one's agents are retired: their requests finish, their idle connections close, nothing new starts on them.
 */
export class BindingAgents {
  readonly #options: BindingAgentsOptions;
  readonly #slots = new Map<Connecting, Slot>();
  readonly #bindings = new Set<Binding>();
  /** Resources let go of. A call that is under way may still need a connection: it closes with the call, since nobody lets go again. */
  readonly #released = new WeakSet<Connecting>();
  #isClosed = false;

  constructor(options: BindingAgentsOptions) {
    this.#options = options;
  }

  /** Whether every connection was ended for good. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The agent that the resource used last, whatever its certificate. */
  last(resource: Connecting): MtlsAgent | undefined {
    return this.#slots.get(resource)?.agent;
  }

  /** The agent for a resource's connections with this certificate. */
  agentFor(resource: Connecting, certificate: BindingCertificate): MtlsAgent {
    const slot = this.#slots.get(resource);
    if (slot?.certificate === certificate) return slot.agent;
    return this.#released.has(resource) ? this.#passingAgent(resource, certificate) : this.#move(resource, certificate, slot).agent;
  }

  /** Lets go of a resource that is no longer known. */
  release(resource: Connecting): void {
    const slot = this.#slots.get(resource);
    this.#released.add(resource);
    if (slot) this.#leave(resource, slot.binding);
  }

  /** Ends every connection. */
  close(): void {
    this.#isClosed = true;
    for (const binding of this.#bindings) for (const agent of binding.agents.values()) agent.destroy();
    this.#bindings.clear();
    this.#slots.clear();
  }

  #move(resource: Connecting, certificate: BindingCertificate, from: Slot | undefined): Slot {
    const binding = this.#bindingOf(certificate);
    const slot = { certificate, binding, agent: this.#agentOf(binding, resource) };
    if (from && from.binding !== binding) this.#leave(resource, from.binding);
    binding.users.add(resource);
    this.#slots.set(resource, slot);
    return slot;
  }

  #bindingOf(certificate: BindingCertificate): Binding {
    for (const binding of this.#bindings) if (sameBinding(binding.certificate, certificate)) return binding;
    const [oldest] = this.#bindings;
    if (oldest && this.#bindings.size >= MAX_CERTIFICATES) this.#retire(oldest);
    const binding = { certificate, agents: new Map(), users: new Set<Connecting>() };
    this.#bindings.add(binding);
    return binding;
  }

  #agentOf(binding: Binding, resource: Connecting): MtlsAgent {
    const key = `${resource.maxVersion} ${this.#options.transport.caFor(resource.endpoint.host) ? "own roots" : "Node's roots"}`;
    let agent = binding.agents.get(key);
    if (!agent) {
      agent = this.#newAgent(resource, binding.certificate);
      binding.agents.set(key, agent);
    }
    return agent;
  }

  #newAgent({ endpoint, maxVersion }: Connecting, certificate: BindingCertificate): MtlsAgent {
    const { transport, maxConnectionsPerOrigin } = this.#options;
    const secureContext = certificate.secureContext({ ca: transport.caFor(endpoint.host), maxVersion });
    return new MtlsAgent({ secureContext, transport, maxConnectionsPerOrigin });
  }

  #passingAgent(resource: Connecting, certificate: BindingCertificate): MtlsAgent {
    const agent = this.#newAgent(resource, certificate);
    agent.retire();
    return agent;
  }

  #leave(resource: Connecting, binding: Binding): void {
    this.#slots.delete(resource);
    binding.users.delete(resource);
    if (binding.users.size === 0) this.#retire(binding);
  }

  #retire(binding: Binding): void {
    this.#bindings.delete(binding);
    for (const resource of binding.users) this.#slots.delete(resource);
    for (const agent of binding.agents.values()) agent.retire();
    tell(this.#options.logger, "debug", `Closing the idle connections of certificate ${binding.certificate.thumbprint}.`);
  }
}

/** Whether two objects stand for the same leaf and the same chain: a source may make a new object for each request. */
function sameBinding(a: BindingCertificate, b: BindingCertificate): boolean {
  return (
    a === b ||
    (a.x5tS256 === b.x5tS256 && a.x5c.length === b.x5c.length && a.x5c.every((certificate, index) => certificate === b.x5c[index]))
  );
}
