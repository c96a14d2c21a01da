import type { Answer } from "../transport/answer.js";
import type { CallSurroundings } from "./call-surroundings.js";
import type { Binding } from "./call-token.js";
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

/** What a 401 leads to: another try, with a token to be acquired first or with the other scheme, or the caller's answer. */
export type Verdict =
  | { readonly leadsTo: "acquire"; readonly overNewConnections: boolean }
  | { readonly leadsTo: "send" }
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

  /** Those that the next token has to have, as JSON. */
  get claims(): string | undefined {
    return this.#claims;
  }

  /** Whether the next token has to be a new one. */
  get isRebound(): boolean {
    return this.#isRebound;
  }

  /** @throws {MtlsPopError} `body_not_replayable`; the signal's reason when aborted */
  async judge(answer: Answer, request: DismissedRequest, { accessToken, scheme }: Binding): Promise<Verdict> {
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
      return { leadsTo: "acquire", overNewConnections: true };
    }
    if (!mayChangeScheme) return { leadsTo: "respond", kept };
    assertReplayable(answer, request, `may want another scheme than "${negotiation.scheme}"`);
    if (!kept) answer.message.destroy();
    negotiation.change({ answer, body: kept });
    return { leadsTo: "send" };
  }

  async #judgeClaims(answer: Answer, request: DismissedRequest, claims: string): Promise<Verdict> {
    const { negotiation, canRenew } = this.#options;
    // whoever asks for claims has read the token, so the scheme was right
    negotiation.confirm();
    if (!canRenew || this.#claims !== undefined) return { leadsTo: "respond" };
    await dismiss(answer, request, "asks for a token with other claims");
    this.#claims = claims;
    return { leadsTo: "acquire", overNewConnections: false };
  }

  /** Once in a call, and not for a token that was of no use when it was new, in this call or an earlier one. */
  #mayRebind(accessToken: string): boolean {
    const { client, resource, negotiation } = this.#options;
    negotiation.confirm();
    if (this.#isRebound) client.hopeless.set(resource, accessToken);
    return client.hopeless.get(resource) !== accessToken;
  }
}
