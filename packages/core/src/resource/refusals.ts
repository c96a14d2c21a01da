import type { Answer } from "../transport/answer.js";
import type { Binding } from "./binding.js";
import { BindingRenewal } from "./binding-renewal.js";
import type { CallSurroundings } from "./call-surroundings.js";
import { acquireToken, bind } from "./call-token.js";
import { claimsChallenge } from "./challenge.js";
import { assertReplayable, type DismissedRequest, DRAIN_BYTES, dismiss } from "./dismissed-answer.js";
import { isBindingMismatch, readRefusal } from "./refusal-body.js";
import type { Resource } from "./resource.js";
import type { SchemeNegotiation } from "./scheme-negotiation.js";

/** What {@link Refusals} are made of. */
export interface RefusalsOptions {
  readonly client: CallSurroundings;
  readonly resource: Resource;
  readonly negotiation: SchemeNegotiation;
  /** Whether there is a source of tokens: with one that was handed in there is nothing to renew. */
  readonly canRenew: boolean;
}

/** What a 401 leads to: another try, or the caller's answer. */
export type Verdict =
  | { readonly leadsTo: "send"; readonly binding: Binding }
  /** `kept`: the body, when it was read already. */
  | { readonly leadsTo: "respond"; readonly kept?: Buffer | undefined };

/** The 401s of one call: each reason that they may have is answered once. */
export class Refusals {
  readonly #options: RefusalsOptions;
  #claims: string | undefined;
  #isRebound = false;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** An answer that is no refusal. */
  accept({ accessToken }: Binding): void {
    if (this.#isRebound) this.#renewal.settle(accessToken, true);
  }

  /**
   * Decides what a 401 leads to, and acquires the token of the next try where it takes another one.
   *
   * @throws {MtlsPopError} `body_not_replayable`, what the token source throws; the signal's reason when aborted
   */
  async judge(answer: Answer, request: DismissedRequest, binding: Binding): Promise<Verdict> {
    const { accessToken, scheme } = binding;
    const { negotiation, canRenew } = this.#options;
    const claims = claimsChallenge(answer.message.headers["www-authenticate"]);
    if (claims !== undefined) return this.#judgeClaims(answer, request, claims);
    // after these the scheme is not in doubt: the resource has read the token
    const mayChangeScheme = scheme === undefined && negotiation.mayChange && this.#claims === undefined && !this.#isRebound;
    if (!canRenew && !mayChangeScheme) return { leadsTo: "respond" };
    const { signal, transport } = request;
    const kept = await readRefusal(answer, { limitBytes: DRAIN_BYTES, timeoutMs: transport.bodyTimeoutMs, signal });
    signal?.throwIfAborted();
    if (canRenew && (await isBindingMismatch(answer, kept, DRAIN_BYTES))) {
      if (!this.#mayRebind(accessToken)) return { leadsTo: "respond", kept };
      assertReplayable(answer, request, "says that the token is bound to another certificate than the connection's");
      if (!kept) answer.message.destroy();
      this.#isRebound = true;
      return { leadsTo: "send", binding: await this.#rebind(accessToken, signal) };
    }
    if (!mayChangeScheme) return { leadsTo: "respond", kept };
    assertReplayable(answer, request, `may want another scheme than "${negotiation.scheme}"`);
    if (!kept) answer.message.destroy();
    negotiation.change({ answer, body: kept });
    return { leadsTo: "send", binding };
  }

  async #judgeClaims(answer: Answer, request: DismissedRequest, claims: string): Promise<Verdict> {
    const { negotiation, canRenew } = this.#options;
    // whoever asks for claims has read the token, so the scheme was right
    negotiation.confirm();
    if (!canRenew || this.#claims !== undefined) return { leadsTo: "respond" };
    await dismiss(answer, request, "asks for a token with other claims");
    this.#claims = claims;
    return { leadsTo: "send", binding: await this.#acquire(request.signal) };
  }

  async #acquire(signal: AbortSignal | undefined): Promise<Binding> {
    const { client, resource } = this.#options;
    return bind(client, resource, await acquireToken(client, resource, { claims: this.#claims, isNew: this.#isRebound, signal }));
  }

  #rebind(refused: string, signal: AbortSignal | undefined): Promise<Binding> {
    const renew = async (ended: AbortSignal | undefined) => {
      const binding = await this.#acquire(ended);
      binding.agent.renew(this.#options.resource.endpoint);
      return binding;
    };
    // claims are this call's own
    return this.#claims === undefined ? this.#renewal.inPlaceOf(refused, renew, signal) : renew(signal);
  }

  get #renewal(): BindingRenewal {
    const { client, resource } = this.#options;
    const renewal = client.renewals.get(resource) ?? new BindingRenewal();
    client.renewals.set(resource, renewal);
    return renewal;
  }

  /** Once in a call, and not for a token that was of no use when it was new, in this call or an earlier one. */
  #mayRebind(accessToken: string): boolean {
    this.#options.negotiation.confirm();
    if (this.#isRebound) this.#renewal.settle(accessToken, false);
    return !this.#isRebound && !this.#renewal.isHopeless(accessToken);
  }
}
