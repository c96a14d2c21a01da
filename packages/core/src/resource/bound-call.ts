import type { BoundToken } from "../application/bound-token-source.js";
import { abortable } from "../internal/abortable.js";
import { type Answer, drain, onceReleased } from "../transport/answer.js";
import { exchange } from "../transport/exchange.js";
import type { MtlsAgent } from "../transport/mtls-agent.js";
import { showsScheme } from "./authorization-scheme.js";
import { assertBound, ownSchemeOf } from "./bound-token.js";
import type { CallSurroundings } from "./call-surroundings.js";
import { claimsChallenge } from "./challenge.js";
import { connectAhead } from "./connect-ahead.js";
import { followed, isRedirect, MAX_REDIRECTS, refused } from "./redirect.js";
import { notReplayable, type OutgoingBody, type PendingBody } from "./request-body.js";
import { requestHeaders } from "./request-headers.js";
import type { FetchCall } from "./request-input.js";
import type { Resource } from "./resource.js";
import type { Conclude } from "./response.js";
import { SchemeNegotiation } from "./scheme-negotiation.js";

/** Of an answer that is not handed on, this much is read, in bytes. */
const DRAIN_BYTES = 64 * 1024;

/** A token, and connections with the certificate that it is bound to. */
interface Binding {
  readonly accessToken: string;
  /** Of the token itself, in place of a negotiated one. */
  readonly scheme: "Bearer" | undefined;
  readonly agent: MtlsAgent;
}

/**
 * One call on its way: token, request, redirects within the origin, and at most one more try for each of a claims challenge and the other
 * authorization scheme. Token and connection come from one binding.
 */
export class BoundCall<T> {
  readonly #client: CallSurroundings;
  readonly #resource: Resource;
  /** Handed in by the caller, in place of one from the resource's source. */
  readonly #token: BoundToken | undefined;
  readonly #conclude: Conclude<T>;
  #call: FetchCall;
  #body: OutgoingBody | undefined;
  readonly #negotiation: SchemeNegotiation;
  #claims: string | undefined;
  #redirects = 0;

  /** @param conclude makes of the answer what the caller gets */
  constructor(client: CallSurroundings, resource: Resource, call: FetchCall, conclude: Conclude<T>, token?: BoundToken) {
    this.#client = client;
    this.#resource = resource;
    this.#call = call;
    this.#token = token;
    this.#conclude = conclude;
    this.#negotiation = new SchemeNegotiation(resource, client.schemes);
  }

  /** @throws {MtlsPopError} see docs/errors.md; the signal's reason when aborted */
  async run(): Promise<T> {
    const { body } = this.#call;
    let binding = this.#bind(body ? await this.#begin(body) : (this.#token ?? (await this.#acquire())));
    for (;;) {
      const answer = await this.#send(binding);
      const { statusCode: status = 0, headers } = answer.message;
      const claims = status === 401 ? claimsChallenge(headers["www-authenticate"]) : undefined;
      if (claims !== undefined && this.#mayRenew()) {
        await this.#dismiss(answer, "asks for a token with other claims");
        this.#claims = claims;
        this.#negotiation.confirm();
        binding = this.#bind(await this.#acquire());
      } else if (status === 401 && claims === undefined && this.#mayChangeScheme(binding)) {
        const body = await this.#dismiss(answer, `may want another scheme than "${this.#negotiation.scheme}"`);
        this.#negotiation.change({ answer, body });
      } else if (this.#call.redirect !== "manual" && isRedirect(status, headers.location)) {
        await this.#redirect(answer, status, headers.location);
      } else {
        // whoever asks for claims has read the token, so the scheme was right
        if (claims !== undefined || showsScheme(status)) this.#negotiation.confirm();
        return this.#respond(answer, status);
      }
    }
  }

  /** Token and body, which may both take a while; what fails first is told. */
  async #begin(body: OutgoingBody | PendingBody): Promise<BoundToken> {
    const acquiring = this.#token ?? this.#acquire();
    const reading = "outgoing" in body ? abortable(body.outgoing, this.#call.signal) : body;
    const [token, outgoing] = await Promise.all([acquiring, reading]);
    this.#body = outgoing;
    return token;
  }

  #bind(token: BoundToken): Binding {
    assertBound(token);
    const scheme = ownSchemeOf(token);
    if (scheme) this.#resource.assertTakesOtherTokens();
    return {
      accessToken: token.accessToken,
      scheme: this.#resource.schemeIsFixed ? undefined : scheme,
      agent: this.#client.agents.agentFor(this.#resource, token.bindingCertificate),
    };
  }

  /** Asks for the token; the connection is opened meanwhile. */
  #acquire(): Promise<BoundToken> {
    const { tokens, tokenRequest } = this.#resource;
    const { signal } = this.#call;
    const claims = this.#claims;
    signal?.throwIfAborted();
    const acquiring = tokens.acquireBoundToken(signal || claims !== undefined ? { ...tokenRequest, claims, signal } : tokenRequest);
    // for a new token there is a connection already
    if (claims === undefined) connectAhead(this.#client.agents, this.#resource);
    // a source without types may give no promise
    return signal ? abortable(Promise.resolve(acquiring), signal) : acquiring;
  }

  #send({ accessToken, scheme, agent }: Binding): Promise<Answer> {
    const resource = this.#resource;
    const { url, method, headers, signal } = this.#call;
    const body = this.#body;
    signal?.throwIfAborted();
    return exchange(
      agent,
      {
        endpoint: resource.endpoint,
        method,
        path: `${url.pathname}${url.search}`,
        headers: requestHeaders(resource, headers, method, body, `${scheme ?? this.#negotiation.scheme} ${accessToken}`),
        content: body?.content,
        length: body?.length,
        replayable: body?.replayable ?? true,
        signal,
      },
      this.#client.transport,
    );
  }

  /** A claims challenge is answered once, and only where a new token can be had. */
  #mayRenew(): boolean {
    return this.#claims === undefined && !this.#token;
  }

  /** After a claims challenge the scheme is not in doubt: the resource has read the token. */
  #mayChangeScheme({ scheme }: Binding): boolean {
    return scheme === undefined && this.#negotiation.mayChange && this.#claims === undefined;
  }

  /**
   * Reads an answer to its end, so that its connection can take the next try.
   *
   * @throws {MtlsPopError} `body_not_replayable` when there can be no next try
   */
  #dismiss(answer: Answer, why: string): Promise<Buffer | undefined> {
    if (this.#body && !this.#body.replayable) {
      const { statusCode } = answer.message;
      answer.message.destroy();
      throw notReplayable(`${this.#resource.endpoint.authority} answered ${statusCode} and ${why}`, statusCode);
    }
    return drain(answer, DRAIN_BYTES, this.#client.transport, this.#call.signal);
  }

  async #redirect(answer: Answer, status: number, location: string): Promise<void> {
    let next: FetchCall;
    try {
      if (++this.#redirects > MAX_REDIRECTS) throw refused(status, `${this.#call.url.origin} redirected more than ${MAX_REDIRECTS} times.`);
      next = followed(this.#call, status, location);
      if (!this.#client.owns(this.#resource, next.url)) {
        throw refused(status, `${this.#call.url.origin} redirects to a path of another resource, which this token is not for.`);
      }
    } catch (error) {
      answer.message.destroy();
      throw error;
    }
    if (!next.body) this.#body = undefined;
    this.#negotiation.confirm();
    await this.#dismiss(answer, "redirects the request");
    this.#call = next;
  }

  async #respond(answer: Answer, status: number): Promise<T> {
    const { transport, underWay } = this.#client;
    const { refusal } = this.#negotiation;
    const { method, url, signal, decode } = this.#call;
    const { endpoint } = this.#resource;
    const facts = {
      method,
      url,
      signal,
      decode,
      redirected: this.#redirects > 0,
      authority: endpoint.authority,
      timeoutMs: transport.bodyTimeoutMs,
      onBegin: underWay.addBody,
      onEnd: underWay.removeBody,
    };
    if (refusal?.body === undefined || status !== 401) {
      const concluded = this.#conclude(answer, facts);
      if (answer.message.complete && answer.message.readableLength === 0)
        await new Promise<void>((resolve) => onceReleased(answer, resolve));
      return concluded;
    }
    // neither scheme was taken, and the answer to the first one says more
    await drain(answer, DRAIN_BYTES, transport, signal);
    signal?.throwIfAborted();
    return this.#conclude(refusal.answer, { ...facts, kept: refusal.body });
  }
}
