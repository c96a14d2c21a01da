import { BindingCertificate } from "../certificate/binding-certificate.js";
import type { BindingAgents } from "../transport/binding-agents.js";
import type { Resource } from "./resource.js";

/**
 * Opens a connection to a resource that has none while its token is on the way. Whatever fails here fails again, and is told, in the
 * call itself.
 */
export function connectAhead(agents: BindingAgents, resource: Resource): void {
  if (!resource.tokens.bindingCertificate || agents.last(resource)?.hasConnection(resource.endpoint)) return;
  connect(agents, resource).catch(() => undefined);
}

async function connect(agents: BindingAgents, resource: Resource): Promise<void> {
  const before = agents.last(resource);
  const certificate = await resource.tokens.bindingCertificate?.();
  // a guess that comes after the token itself must not undo what the token decided
  if (!(certificate instanceof BindingCertificate) || agents.isClosed || agents.last(resource) !== before) return;
  await agents.agentFor(resource, certificate).preconnect(resource.endpoint);
  // Node loads its fetch classes at first touch, 25 ms on Node 20: now, while the token endpoint is at work
  void globalThis.Response;
}
