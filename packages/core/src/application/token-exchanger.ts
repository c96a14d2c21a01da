import type { Authority } from "../authority/authority.js";
import type { RegionDetector } from "../authority/region-detector.js";
import { RegionRoute } from "../authority/region-route.js";
import { assertTakesCertificate, loginTokenEndpoint, mtlsTokenEndpoint } from "../authority/token-endpoint.js";
import type { Rfc8705Authority } from "../authority/token-endpoint-authority.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import type { Clock } from "../internal/clock.js";
import { type Logger, tell } from "../internal/logger.js";
import { postTokenRequest } from "../token/token-endpoint-client.js";
import { tokenRequestBody } from "../token/token-request.js";
import { parseTokenResponse, type TokenType } from "../token/token-response.js";
import type { Transport } from "../transport/transport-options.js";
import type { AuthenticationResult } from "./authentication-result.js";
import type { ClientCredential, Proof } from "./client-credential.js";
import { tokenResult } from "./token-result.js";

/** Where and how requests go; the same for all of an application's. */
export interface TokenExchangerOptions {
  readonly authority: Authority | Rfc8705Authority;
  readonly azureRegion?: string | undefined;
  readonly fallbackToGlobal?: boolean | undefined;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly regionDetector?: RegionDetector | undefined;
}

/** One token, asked for. Everything in it was resolved once and does not change under way. */
export interface TokenQuestion {
  readonly credential: ClientCredential;
  readonly certificate: BindingCertificate | undefined;
  readonly clientId: string;
  readonly tenantId: string;
  readonly scope: string;
  readonly bound: boolean;
  readonly claims: string | undefined;
  readonly fmiPath: string | undefined;
  readonly extraBodyParameters: Readonly<Record<string, string>> | undefined;
  readonly correlationId: string;
  readonly certificateMs: number;
  readonly signal: AbortSignal;
}

/** A token request, ready to be posted. */
interface TokenForm {
  readonly region: string | undefined;
  readonly endpoint: URL;
  readonly body: string;
}

/** Codes that say that an endpoint was not reached, as against having answered. */
const UNREACHABLE = new Set<string>(["network_error", "tls_handshake_failed", "proxy_refused", "timeout"]);

/** Turns a question into one token request, or two when a region cannot be reached, and checks the answer. */
export class TokenExchanger {
  readonly #options: TokenExchangerOptions;
  readonly #region: RegionRoute;
  readonly #boundTokenType: TokenType;
  readonly #plainServer: boolean;

  constructor(options: TokenExchangerOptions) {
    this.#options = options;
    const { authority, regionDetector: detector } = options;
    this.#plainServer = authority.kind === "rfc8705";
    this.#boundTokenType = authority.kind === "rfc8705" ? authority.boundTokenType : "mtls_pop";
    // a region that the environment forces is one of Entra's
    this.#region = new RegionRoute({ ...options, detector, ...(this.#plainServer && { env: {} }) });
  }

  /**
   * @throws {MtlsPopError} what the endpoint answered or why it was not reached; `token_type_mismatch`, `token_type_missing`,
   * `confirmation_mismatch`, `confirmation_missing`, `invalid_token_response` for an answer that is not what was asked for
   */
  async requestToken(question: TokenQuestion): Promise<AuthenticationResult> {
    const { authority, clock, logger } = this.#options;
    const startedMs = clock.now();
    const proof = await question.credential.prove({ ...question, mtlsProofOfPossession: question.bound }, question.certificate);
    // where a certificate must not go, no region is asked for either
    if (proof.tlsCertificate && authority.kind !== "rfc8705") assertTakesCertificate(authority, question.tenantId);
    (proof.tlsCertificate ?? question.certificate)?.assertValidAt(new Date(clock.now()));
    const regionStartedMs = clock.now();
    const { region, mayLeave } = await this.#region.choose(question.signal);
    const timing = { startedMs, regionMs: clock.now() - regionStartedMs };
    const regional = await this.#form(question, proof, region);
    try {
      return await this.#exchange(question, proof, regional, timing);
    } catch (error) {
      if (!mayLeave || !(error instanceof MtlsPopError) || !UNREACHABLE.has(error.code)) throw error;
      tell(logger, "warn", `The region ${region} cannot be reached, so the global endpoint is asked. ${error.message}`);
    }
    return this.#exchange(question, proof, await this.#form(question, proof, undefined), timing);
  }

  /** What is posted and where; apart from the posting, since a key that signs too slowly says nothing of a region. */
  async #form(question: TokenQuestion, proof: Proof, region: string | undefined): Promise<TokenForm> {
    const { authority, clock } = this.#options;
    const route = { tenant: question.tenantId, region };
    const endpoint =
      authority.kind === "rfc8705"
        ? new URL(authority.environment)
        : proof.tlsCertificate
          ? mtlsTokenEndpoint(authority, route)
          : loginTokenEndpoint(authority, route);
    const clientAssertion = await proof.clientAssertion(endpoint, clock.now());
    // a server of RFC 8705 alone binds the tokens of a client as it is registered, and knows no field that asks for it
    const bound = question.bound && this.#boundTokenType === "mtls_pop";
    return { region, endpoint, body: tokenRequestBody({ ...question, bound, clientAssertion }) };
  }

  async #exchange(
    question: TokenQuestion,
    proof: Proof,
    { region, endpoint, body }: TokenForm,
    { startedMs, regionMs }: { startedMs: number; regionMs: number },
  ): Promise<AuthenticationResult> {
    const { transport, clock, logger } = this.#options;
    const { tenantId, bound, correlationId, signal, certificateMs } = question;
    const { tlsCertificate: certificate } = proof;
    const plainServer = this.#plainServer;
    const httpStartedMs = clock.now();
    const answer = await postTokenRequest(transport, clock, { endpoint, body, certificate, correlationId, signal, plainServer });
    const tokenType = bound ? this.#boundTokenType : "Bearer";
    const token = parseTokenResponse(answer, { tokenType, scope: question.scope, correlationId, plainServer });
    const now = clock.now();
    const result = tokenResult(token, {
      nowMs: now,
      tenantId,
      bindingCertificate: bound ? certificate : undefined,
      correlationId,
      metadata: {
        tokenEndpoint: endpoint.href,
        ...(region && { region }),
        durations: { totalMs: now - startedMs + certificateMs, certificateMs, regionMs, httpMs: now - httpStartedMs },
      },
    });
    tell(logger, "info", `Acquired a token of type ${tokenType} from ${endpoint.host} in ${now - httpStartedMs} ms (${correlationId}).`);
    return result;
  }
}
