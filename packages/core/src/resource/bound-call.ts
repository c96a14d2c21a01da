import type { BoundToken } from "../application/bound-token-source.js";
import { abortable } from "../internal/abortable.js";
import { systemClock } from "../internal/clock.js";
import { type Answer, drain, onceReleased } from "../transport/answer.js";
import { exchange } from "../transport/exchange.js";
import { isRepeatable, type Resends } from "../transport/resource-request.js";
import { showsScheme } from "./authorization-scheme.js";
import type { Binding } from "./binding.js";
import type { CallSurroundings } from "./call-surroundings.js";
import { acquireToken, bind } from "./call-token.js";
import { type DismissedRequest, DRAIN_BYTES, dismiss } from "./dismissed-answer.js";
import { readyStream } from "./ready-stream.js";
import { isRedirect, nextCall } from "./redirect.js";
import { Refusals } from "./refusals.js";
import type { OutgoingBody, PendingBody } from "./request-body.js";
import { requestHeaders } from "./request-headers.js";
import type { FetchCall } from "./request-input.js";
import type { Resource } from "./resource.js";
import type { Conclude } from "./response.js";
import { SchemeNegotiation } from "./scheme-negotiation.js";
import { waitMs } from "./unavailable.js";

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
  /** From the first 401 on. */
  #refusals: Refusals | undefined;
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
        const next = await this.#judge(answer, binding);
        if (next.leadsTo === "respond") return this.#respond(answer, status, next.kept);
        binding = next.binding;
      } else if (status === 503 && this.#mayWait(answer)) {
        await this.#wait(answer);
      } else if (this.#call.redirect !== "manual" && isRedirect(status, headers.location)) {
        await this.#redirect(answer, status, headers.location);
      } else {
        if (showsScheme(status)) this.#negotiation.confirm();
        this.#refusals?.accept(binding);
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
    return acquireToken(this.#client, this.#resource, { claims: undefined, isNew: false, signal: this.#call.signal });
  }

  #send({ accessToken, scheme, agent }: Binding): Promise<Answer> {
    const resource = this.#resource;
    const { url, method, headers, signal } = this.#call;
    const body = this.#body;
    signal?.throwIfAborted();
    const answer = exchange(
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
    readyStream();
    return answer;
  }

  #judge(answer: Answer, binding: Binding): ReturnType<Refusals["judge"]> {
    const [client, resource, negotiation] = [this.#client, this.#resource, this.#negotiation];
    this.#refusals ??= new Refusals({ client, resource, negotiation, canRenew: !this.#token });
    return this.#refusals.judge(answer, this.#sent, binding);
  }

  /** What the last answer is an answer to. */
  get #sent(): DismissedRequest {
    const { authority } = this.#resource.endpoint;
    return { authority, body: this.#body, signal: this.#call.signal, transport: this.#client.transport };
  }

  #mayWait({ message }: Answer): boolean {
    const request = { method: this.#call.method, replayable: this.#body?.replayable ?? true };
    return !this.#hasWaited && isRepeatable(request) && waitMs(message, this.#client.retry) !== undefined;
  }

  async #wait(answer: Answer): Promise<void> {
    const ms = waitMs(answer.message, this.#client.retry) ?? 0;
    this.#hasWaited = true;
    await dismiss(answer, this.#sent, "is unavailable");
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
    await dismiss(answer, this.#sent, "redirects the request");
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
