import type { BindingCertificate } from "../certificate/binding-certificate.js";

/** What is asked of a {@link BoundTokenSource}. */
export interface BoundTokenRequest {
  /** One resource's scope, such as `https://vault.azure.net/.default`. */
  scopes: readonly string[];
  /** Claims that a challenge asked for, as JSON; a request that carries them skips the cache. */
  claims?: string | undefined;
  /**
   * Asks for a token past the cache, since a resource refused the last one for its binding. A source that keeps none, or cannot get a new one, may
   * ignore it. @default false
   */
  skipCache?: boolean | undefined;
  /** A GUID that the service logs as well. @default a new one */
  correlationId?: string | undefined;
  /** Ends this caller's wait. */
  signal?: AbortSignal | undefined;
}

/** The part of an authentication result that a call of a resource rests on. */
export interface BoundToken {
  readonly accessToken: string;
  /**
   * Must be `mtls_pop`, in any case: a consumer refuses everything else. `Bearer` is taken in one place, in the result of an application whose
   * authority was given by its token endpoint: there the token's `cnf` was checked.
   */
  readonly tokenType: string;
  /** The certificate that the token is bound to and that the connection is made with. */
  readonly bindingCertificate?: BindingCertificate | undefined;
}

/**
 * Whatever can acquire a token that is bound to a certificate; it is always asked for a bound one. Applications, the acquirer and
 * the federated exchanger are such sources, and a test can hand in three lines of its own.
 *
 * @example
 * ```ts
 * const tokens: BoundTokenSource = {
 *   acquireBoundToken: async () => ({ accessToken, tokenType: "mtls_pop", bindingCertificate: certificate }),
 * };
 * ```
 */
export interface BoundTokenSource {
  acquireBoundToken(request: BoundTokenRequest): Promise<BoundToken>;
  /**
   * The certificate that the next token will most likely be bound to, so that a connection can be opened while the token is on its
   * way. A connection whose certificate turns out to be another one is not used.
   */
  bindingCertificate?(): BindingCertificate | Promise<BindingCertificate> | undefined;
}
