import type { BoundToken } from "../application/bound-token-source.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { abortable } from "../internal/abortable.js";
import { type Answer, drain, exchange } from "../transport/exchange.js";
import type { MtlsAgent } from "../transport/mtls-agent.js";
import { type AuthorizationScheme, otherScheme } from "./authorization-scheme.js";
import type { BoundFetcher } from "./bound-fetcher.js";
import { claimsChallenge } from "./challenge.js";
import { connectAhead } from "./connect-ahead.js";
import { followed, isRedirect, MAX_REDIRECTS, refused } from "./redirect.js";
import type { OutgoingBody } from "./request-body.js";
import { requestHeaders } from "./request-headers.js";
import type { FetchCall } from "./request-input.js";
import type { Resource } from "./resource.js";
import { toResponse } from "./response.js";

/** Of an answer that is not handed on, this much is read, in bytes. */
const DRAIN_BYTES = 64 * 1024;

interface Binding {
  readonly accessToken: string;
  readonly agent: MtlsAgent;
}

/** A 401 that was answered with the other scheme. */
interface Refusal {
  readonly answer: Answer;
  readonly body: Buffer | undefined;
}

/**
 * One call on its way: token, request, and at most one more try for each of a claims challenge and the other authorization scheme. Token
 * and connection come from one binding.
 */
export class BoundCall {
  readonly #fetcher: BoundFetcher;
  readonly #resource: Resource;
  #call: FetchCall;
  #body: OutgoingBody | undefined;
  #scheme: AuthorizationScheme;
  #claims: string | undefined;
  #refusal: Refusal | undefined;
  #redirects = 0;

  constructor(fetcher: BoundFetcher, resource: Resource, call: FetchCall) {
    this.#fetcher = fetcher;
    this.#resource = resource;
    this.#call = call;
    this.#scheme = (resource.schemeIsFixed ? undefined : fetcher.schemes.get(resource.origin)) ?? resource.scheme;
  }

  async run(): Promise<Response> {
    const { signal, body } = this.#call;
    signal?.throwIfAborted();
    const acquiring = this.#bind();
    if (body) this.#body = await this.#readBody(body, acquiring);
    let binding = await acquiring;
    for (;;) {
      const answer = await this.#send(binding);
      const { statusCode: status = 0, headers } = answer.message;
      if (status === 401) {
        const claims = this.#claims === undefined && this.#fetcher.options.renewable ? claimsChallenge(headers["www-authenticate"]) : undefined;
        if (claims !== undefined) {
          await this.#dismiss(answer, "asks for other claims");
          this.#claims = claims;
          this.#refusal = undefined;
          binding = await this.#bind();
          continue;
        }
        if (this.#refusal === undefined && !this.#resource.schemeIsFixed && this.#claims === undefined) {
          this.#refusal = { answer, body: await this.#dismiss(answer, `may want another scheme than "${this.#scheme}"`) };
          this.#scheme = otherScheme(this.#scheme);
          continue;
        }
      }
      if (this.#call.redirect !== "manual" && isRedirect(status, headers.location)) {
        await this.#redirect(answer, status, headers.location);
        continue;
      }
      return this.#respond(answer, status);
    }
  }

  /** Asks for the token; the connection is opened meanwhile. */
  async #bind(): Promise<Binding> {
    const resource = this.#resource;
    const { signal } = this.#call;
    const claims = this.#claims;
    const request = signal || claims !== undefined ? { ...resource.tokenRequest, claims, signal } : resource.tokenRequest;
    const acquiring = resource.tokens.acquireBoundToken(request);
    connectAhead(this.#fetcher.agents, resource);
    const token = await abortable(acquiring, signal);
    const certificate = assertBound(token);
    return { accessToken: token.accessToken, agent: this.#fetcher.agents.agentFor(resource, certificate) };
  }
}
