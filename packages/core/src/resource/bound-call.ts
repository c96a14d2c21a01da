import type { BoundToken } from "../application/bound-token-source.js";
import { abortable } from "../internal/abortable.js";
import { systemClock } from "../internal/clock.js";
import { type Answer, drain, onceReleased } from "../transport/answer.js";
import { exchange } from "../transport/exchange.js";
import { isRepeatable, type Resends } from "../transport/resource-request.js";
import { showsScheme } from "./authorization-scheme.js";
import type { CallSurroundings } from "./call-surroundings.js";
import { acquireToken, type Binding, bind } from "./call-token.js";
import { claimsChallenge } from "./challenge.js";
import { isRedirect, nextCall } from "./redirect.js";
import { isBindingMismatch, readRefusal } from "./refusal-body.js";
import { notReplayable, type OutgoingBody, type PendingBody } from "./request-body.js";
import { requestHeaders } from "./request-headers.js";
import type { FetchCall } from "./request-input.js";
import type { Resource } from "./resource.js";
import type { Conclude } from "./response.js";
import { SchemeNegotiation } from "./scheme-negotiation.js";
import { waitMs } from "./unavailable.js";

/** Of an answer that is not handed on, this much is read, in bytes. */
const DRAIN_BYTES = 64 * 1024;

/** What the caller gets, where a try may also lead to another one. */
interface Concluded<T> {
  readonly concluded: T;
}

/**
 * One call on its way: token, request, redirects within the origin, and at most one more try for each of a claims challenge, the other
 * authorization scheme, a binding that the resource does not recognize, a lost connection and a resource that is unavailable for a moment. Token
 * and connection come from one binding.
 */
export class BoundCall<T> implements Resends {
  readonly #client: CallSurroundings;
  readonly #resource: Resource;
  /** Handed in by the caller, in place of one from the resource's source. */
  readonly #token: BoundToken | undefined;
  readonly #conclude: Conclude<T>;
  #call: FetchCall;
  #body: OutgoingBody | undefined;
  readonly #negotiation: SchemeNegotiation;
  #claims: string | undefined;
  #isRebound = false;
  #hasWaited = false;
  #wasReset = false;
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
      if (status === 401) {
        const next = await this.#refused(answer, binding);
        if ("concluded" in next) return next.concluded;
        binding = next;
      } else if (status === 503 && this.#mayWait(answer)) {
        await this.#wait(answer);
      } else if (this.#call.redirect !== "manual" && isRedirect(status, headers.location)) {
        await this.#redirect(answer, status, headers.location);
      } else {
        if (showsScheme(status)) this.#negotiation.confirm();
        return this.#respond(answer, status);
      }
    }
  }

  get resetsAreRetried(): boolean {
    return this.#client.retry.onReset;
  }

  takeReset(): boolean {
    if (this.#wasReset || !this.#client.retry.onReset) return false;
    this.#wasReset = true;
    return true;
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
    return bind(this.#client, this.#resource, token);
  }

  #acquire(): Promise<BoundToken> {
    const wanted = { claims: this.#claims, isNew: this.#isRebound, signal: this.#call.signal };
    return acquireToken(this.#client, this.#resource, wanted);
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
        resends: this,
        signal,
      },
      this.#client.transport,
    );
  }

  /** What a 401 leads to: another try with this binding, or the caller's answer. */
  async #refused(answer: Answer, binding: Binding): Promise<Binding | Concluded<T>> {
    const challenge = answer.message.headers["www-authenticate"];
    const claims = claimsChallenge(challenge);
    // whoever asks for claims has read the token, so the scheme was right
    if (claims !== undefined) this.#negotiation.confirm();
    if (claims !== undefined && this.#claims === undefined && !this.#token) {
      await this.#dismiss(answer, "asks for a token with other claims");
      this.#claims = claims;
      return this.#bind(await this.#acquire());
    }
    const mayChangeScheme = claims === undefined && this.#mayChangeScheme(binding);
    // with a token that was handed in there is nothing to renew
    if (claims !== undefined || (this.#token && !mayChangeScheme)) return { concluded: await this.#respond(answer, 401) };
    const body = await this.#readRefusal(answer);
    if (!this.#token && (await isBindingMismatch(answer, body, DRAIN_BYTES))) return this.#rebind(answer, body, binding);
    if (!mayChangeScheme) return { concluded: await this.#respond(answer, 401, body) };
    this.#assertReplayable(answer, `may want another scheme than "${this.#negotiation.scheme}"`);
    if (!body) answer.message.destroy();
    this.#negotiation.change({ answer, body });
    return binding;
  }

  /** After these the scheme is not in doubt: the resource has read the token. */
  #mayChangeScheme({ scheme }: Binding): boolean {
    return scheme === undefined && this.#negotiation.mayChange && this.#claims === undefined && !this.#isRebound;
  }

  async #readRefusal(answer: Answer): Promise<Buffer | undefined> {
    const { signal } = this.#call;
    const timeoutMs = this.#client.transport.bodyTimeoutMs;
    const body = await readRefusal(answer, { limitBytes: DRAIN_BYTES, timeoutMs, signal });
    signal?.throwIfAborted();
    return body;
  }

  /** A new token over new connections, once; the 401 is the caller's when that was of no use, now or in an earlier call. */
  async #rebind(answer: Answer, body: Buffer | undefined, { accessToken }: Binding): Promise<Binding | Concluded<T>> {
    const { hopeless } = this.#client;
    this.#negotiation.confirm();
    if (this.#isRebound) hopeless.set(this.#resource, accessToken);
    if (hopeless.get(this.#resource) === accessToken) return { concluded: await this.#respond(answer, 401, body) };
    this.#assertReplayable(answer, "says that the token is bound to another certificate than the connection's");
    if (!body) answer.message.destroy();
    this.#isRebound = true;
    const binding = this.#bind(await this.#acquire());
    binding.agent.renew(this.#resource.endpoint);
    return binding;
  }

  /** Reads an answer to its end, so that its connection can take the next try. @throws {MtlsPopError} as {@link #assertReplayable} does */
  async #dismiss(answer: Answer, why: string): Promise<void> {
    this.#assertReplayable(answer, why);
    await drain(answer, DRAIN_BYTES, this.#client.transport, this.#call.signal);
  }

  /** @throws {MtlsPopError} `body_not_replayable` when there can be no next try */
  #assertReplayable({ message }: Answer, why: string): void {
    if (!this.#body || this.#body.replayable) return;
    message.destroy();
    throw notReplayable(`${this.#resource.endpoint.authority} answered ${message.statusCode} and ${why}`, message.statusCode);
  }

  #mayWait({ message }: Answer): boolean {
    const request = { method: this.#call.method, replayable: this.#body?.replayable ?? true };
    return !this.#hasWaited && isRepeatable(request) && waitMs(message, this.#client.retry) !== undefined;
  }

  async #wait(answer: Answer): Promise<void> {
    const ms = waitMs(answer.message, this.#client.retry) ?? 0;
    this.#hasWaited = true;
    await this.#dismiss(answer, "is unavailable");
    await systemClock.sleep(ms, this.#call.signal);
  }

  async #redirect(answer: Answer, status: number, location: string): Promise<void> {
    let next: FetchCall;
    try {
      const owns = (url: URL) => this.#client.owns(this.#resource, url);
      next = nextCall(this.#call, { status, location, count: ++this.#redirects, owns });
    } catch (error) {
      answer.message.destroy();
      throw error;
    }
    if (!next.body) this.#body = undefined;
    this.#negotiation.confirm();
    await this.#dismiss(answer, "redirects the request");
    this.#call = next;
  }

  /** @param kept the body, when it was read already */
  async #respond(answer: Answer, status: number, kept?: Buffer): Promise<T> {
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
      kept,
    };
    if (refusal?.body === undefined || status !== 401) {
      const concluded = this.#conclude(answer, facts);
      if (answer.message.complete && answer.message.readableLength === 0)
        await new Promise<void>((resolve) => onceReleased(answer, resolve));
      return concluded;
    }
    // neither scheme was taken, and the answer to the first one says more
    if (!kept) await drain(answer, DRAIN_BYTES, transport, signal);
    signal?.throwIfAborted();
    return this.#conclude(refusal.answer, { ...facts, kept: refusal.body });
  }
}
