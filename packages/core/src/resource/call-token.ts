import type { BoundToken } from "../application/bound-token-source.js";
import { abortable } from "../internal/abortable.js";
import type { Binding } from "./binding.js";
import { assertBound, ownSchemeOf } from "./bound-token.js";
import type { CallSurroundings } from "./call-surroundings.js";
import { connectAhead } from "./connect-ahead.js";
import type { Resource } from "./resource.js";

/** What a token is asked for beside the resource's scope. */
export interface TokenWanted {
  /** Of a challenge, as JSON. */
  readonly claims: string | undefined;
  /** Whether the last one was of no use. */
  readonly isNew: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Asks the resource's source for a token; the connection is opened meanwhile. */
export function acquireToken(client: CallSurroundings, resource: Resource, { claims, isNew, signal }: TokenWanted): Promise<BoundToken> {
  const { tokens, tokenRequest } = resource;
  signal?.throwIfAborted();
  const isPlain = !signal && claims === undefined && !isNew;
  const request = isPlain ? tokenRequest : { ...tokenRequest, claims, signal, ...(isNew && { skipCache: true }) };
  const acquiring = tokens.acquireBoundToken(request);
  // for a further token there is a connection already, or it is to be made with that token's certificate
  if (claims === undefined && !isNew) connectAhead(client.agents, resource);
  // a source without types may give no promise
  return signal ? abortable(Promise.resolve(acquiring), signal) : acquiring;
}

/**
 * Finds the connections for a token.
 *
 * @throws {MtlsPopError} `token_not_bound`, `resource_not_configured`
 */
export function bind(client: CallSurroundings, resource: Resource, token: BoundToken): Binding {
  assertBound(token);
  const scheme = ownSchemeOf(token);
  if (scheme) resource.assertTakesOtherTokens();
  return {
    accessToken: token.accessToken,
    scheme: resource.schemeIsFixed ? undefined : scheme,
    agent: client.agents.agentFor(resource, token.bindingCertificate),
  };
}
