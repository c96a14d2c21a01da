import { randomUUID } from "node:crypto";
import { type Authority, parseAuthority } from "../authority/authority.js";
import { assertTenant } from "../authority/tenant.js";
import { assertTakesCertificate } from "../authority/token-endpoint.js";
import { type Rfc8705Authority, tokenEndpointAuthority } from "../authority/token-endpoint-authority.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { type Clock, systemClock } from "../internal/clock.js";
import { shareSignal } from "../internal/shared-signal.js";
import { Acquisition, type Inquiry } from "../token/acquisition.js";
import { mergeClaims } from "../token/claims.js";
import { scopeKey } from "../token/scopes.js";
import { TokenCache, variantOf } from "../token/token-cache.js";
import type { TokenType } from "../token/token-response.js";
import { Transport } from "../transport/transport-options.js";
import type { AuthenticationResult } from "./authentication-result.js";
import type { BoundTokenRequest, BoundTokenSource } from "./bound-token-source.js";
import type { ClientAssertionCallback, ClientAssertionSource } from "./client-assertion-source.js";
import { assertionCredential, type ClientCredential, certificateCredential } from "./client-credential.js";
import {
  type ClientCredentialRequest,
  type ConfidentialClientOptions,
  readClientCredentialRequest,
  readConfidentialClientOptions,
} from "./confidential-client-options.js";
import { readServerRequest } from "./token-endpoint-rules.js";
import { TokenExchanger, type TokenQuestion } from "./token-exchanger.js";

/** As long as a token endpoint may take to answer. */
const CREDENTIAL_TIMEOUT_MS = 30_000;

/** A source acquires a token of its own first; for a managed identity's, IMDS alone may take more than a minute (PROTOCOL.md section 7). */
const ASSERTION_SOURCE_TIMEOUT_MS = 120_000;

/** What a request comes down to. */
interface Wanted {
  readonly request: ClientCredentialRequest;
  readonly bound: boolean;
  readonly scope: string;
  readonly tenantId: string;
  /** Those of the request, merged with the client's capabilities. */
  readonly askedClaims: string | undefined;
  readonly variant: string;
}

/**
 * An application that proves itself with a certificate and acquires tokens for itself, bound to that certificate or not.
 *
 * Make one and keep it: its cache, and what it learned of region and throttling, live in it. It owns no connection.
 *
 * @example
 * ```ts
 * const certificate = await BindingCertificate.fromPfx(await readFile("app.pfx"), { passphrase });
 * const application = new ConfidentialClientApplication({ clientId, tenantId, certificate, azureRegion: "westus3" });
 * const result = await application.acquireTokenByClientCredential({
 *   scopes: ["https://vault.azure.net/.default"],
 *   mtlsProofOfPossession: true,
 * });
 * ```
 * @see RFC 8705 sections 2 and 3, RFC 6749 section 4.4
 */
export class ConfidentialClientApplication implements BoundTokenSource {
  readonly clientId: string;
  readonly #options: ConfidentialClientOptions;
  readonly #authority: Authority | Rfc8705Authority;
  readonly #credential: ClientCredential;
  readonly #sendCertificateOverMtls: boolean;
  readonly #exchanger: TokenExchanger;
  readonly #acquisition: Acquisition;
  readonly #clientCapabilities: readonly string[] | undefined;
  readonly #capabilityClaims: string | undefined;
  readonly #variant: string;
  readonly #keyPrefix: string;
  /** What a bound token is called here. */
  readonly #boundTokenType: TokenType;
  readonly #clock: Clock;

  /**
   * @throws {MtlsPopError} `invalid_options`, `client_secret_not_supported`, `mtls_certificate_not_provided`, `invalid_authority`,
   * `untrusted_authority`, `mtls_pop_not_supported_for_environment`
   */
  constructor(given: ConfidentialClientOptions) {
    const options = readConfidentialClientOptions(given);
    const { clientId, clientCapabilities, logger, clock = systemClock } = options;
    const defaultTimeoutMs = typeof options.clientAssertion === "object" ? ASSERTION_SOURCE_TIMEOUT_MS : CREDENTIAL_TIMEOUT_MS;
    const { sendCertificateOverMtls = false, credentialTimeoutMs: timeoutMs = defaultTimeoutMs } = options;
    const transport = new Transport(options.transport);
    this.clientId = clientId;
    this.#options = options;
    this.#clock = clock;
    const { authority } = options;
    this.#authority = typeof authority === "object" ? tokenEndpointAuthority(authority) : parseAuthority({ ...options, authority });
    this.#boundTokenType = this.#authority.kind === "rfc8705" ? this.#authority.boundTokenType : "mtls_pop";
    this.#credential = options.certificate
      ? certificateCredential(options.certificate, { sendCertificateOverMtls, timeoutMs })
      : assertionCredential(options.clientAssertion, timeoutMs);
    this.#sendCertificateOverMtls = options.certificate !== undefined && sendCertificateOverMtls;
    this.#exchanger = new TokenExchanger({ ...options, authority: this.#authority, transport, clock });
    this.#acquisition = new Acquisition({
      cache: options.cache ?? new TokenCache(),
      clock,
      logger,
      boundTokenType: this.#boundTokenType,
    });
    this.#clientCapabilities = clientCapabilities && [...clientCapabilities];
    this.#capabilityClaims = mergeClaims(clientCapabilities, undefined);
    this.#variant = variantOf({ clientCapabilities });
    this.#keyPrefix = `${this.#authority.kind} ${this.#authority.environment} ${clientId}`;
  }

  /**
   * Acquires a token for the application itself, from the cache when it can.
   *
   * @returns `mtls_pop` when `mtlsProofOfPossession` is set, else `Bearer`; never the weaker one in place of the other. An authority that was given
   * by its token endpoint is asked for bound tokens alone, which are of its `tokenType`.
   * @throws {MtlsPopError} see docs/errors.md; the signal's reason when aborted
   */
  async acquireTokenByClientCredential(given: ClientCredentialRequest): Promise<AuthenticationResult> {
    return this.#acquire(readClientCredentialRequest("acquireTokenByClientCredential", given));
  }

  /** A bound token: `acquireTokenByClientCredential` with `mtlsProofOfPossession` set. */
  async acquireBoundToken(given: BoundTokenRequest): Promise<AuthenticationResult> {
    const request = readClientCredentialRequest("acquireBoundToken", given);
    request.mtlsProofOfPossession = true;
    return this.#acquire(request);
  }

  /** The certificate of the next request, unless an assertion callback brings it. */
  bindingCertificate(): BindingCertificate | Promise<BindingCertificate> | undefined {
    return this.#credential.knownCertificate();
  }

  /**
   * The same application with another credential, and with a cache of its own unless it was given one to share.
   *
   * @throws {MtlsPopError} `invalid_options`
   */
  withClientAssertion(clientAssertion: ClientAssertionCallback | ClientAssertionSource): ConfidentialClientApplication {
    const { certificate: _replaced, ...options } = this.#options;
    return new ConfidentialClientApplication({ ...options, clientAssertion });
  }

  /** No promise when certificate and token are at hand. */
  #acquire(request: ClientCredentialRequest): AuthenticationResult | Promise<AuthenticationResult> {
    const { mtlsProofOfPossession: bound = false, claims, signal } = request;
    signal?.throwIfAborted();
    shareSignal(signal);
    const authority = this.#authority;
    const isEntra = authority.kind !== "rfc8705";
    // all that can be refused before the certificate is asked for, which may mean a request to somewhere else
    const scope = isEntra ? scopeKey(request.scopes) : readServerRequest(request);
    const tenantId = !isEntra ? "" : request.tenantId === undefined ? authority.tenant : assertTenant(request.tenantId);
    const askedClaims = claims === undefined ? undefined : mergeClaims(this.#clientCapabilities, claims);
    if (isEntra && (bound || this.#sendCertificateOverMtls)) assertTakesCertificate(authority, tenantId);
    const wanted: Wanted = { request, bound, scope, tenantId, askedClaims, variant: this.#variantOf(request) };
    const startedMs = this.#clock.now();
    const source = this.#credential.certificate(signal);
    return source instanceof Promise
      ? source.then((certificate) => this.#acquireWith(certificate, wanted, this.#clock.now() - startedMs))
      : this.#acquireWith(source, wanted, 0);
  }

  #acquireWith(
    certificate: BindingCertificate | undefined,
    wanted: Wanted,
    certificateMs: number,
  ): AuthenticationResult | Promise<AuthenticationResult> {
    const { request, askedClaims } = wanted;
    const key = this.#keyOf(wanted, certificate);
    const inquiry: Inquiry = {
      ask: (signal) => this.#ask(wanted, { certificate, certificateMs, signal }),
      // an assertion may come with a newer certificate than was known a moment ago
      placeOf: (result) => (certificate ? this.#keyOf(wanted, result.bindingCertificate ?? certificate) : key),
      shared: wanted.bound ? certificate : undefined,
      anew: request.skipCache,
    };
    const mayBeCached = !request.skipCache && askedClaims === undefined;
    const cached = mayBeCached ? this.#acquisition.fromCache(key, certificate, inquiry) : undefined;
    return cached ?? this.#acquisition.fromService(key, askedClaims ?? "", inquiry, request.signal);
  }

  #ask(
    { request, bound, scope, tenantId, askedClaims }: Wanted,
    given: Pick<TokenQuestion, "certificate" | "certificateMs" | "signal">,
  ): Promise<AuthenticationResult> {
    return this.#exchanger.requestToken({
      ...given,
      credential: this.#credential,
      clientId: this.clientId,
      tenantId,
      scope,
      bound,
      claims: askedClaims ?? this.#capabilityClaims,
      fmiPath: request.fmiPath,
      extraBodyParameters: request.extraBodyParameters,
      correlationId: request.correlationId ?? randomUUID(),
    });
  }

  /** One leaf, one key: a renewed certificate with the same key must miss (PROTOCOL.md section 3). */
  #keyOf({ bound, scope, tenantId, variant }: Wanted, leaf: BindingCertificate | undefined): string {
    return `${this.#keyPrefix} ${tenantId} ${bound ? this.#boundTokenType : "Bearer"} ${leaf?.x5tS256 ?? this.#credential.cacheId} ${variant} ${scope}`;
  }

  #variantOf({ fmiPath, extraBodyParameters }: ClientCredentialRequest): string {
    if (fmiPath === undefined && extraBodyParameters === undefined) return this.#variant;
    return variantOf({ fmiPath, extraBodyParameters, clientCapabilities: this.#clientCapabilities });
  }
}
