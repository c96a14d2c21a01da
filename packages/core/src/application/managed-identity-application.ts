import { randomUUID } from "node:crypto";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { type Clock, systemClock } from "../internal/clock.js";
import { plainCopy, textList } from "../internal/options.js";
import { shareSignal } from "../internal/shared-signal.js";
import { requestAppServiceToken } from "../managed-identity/app-service.js";
import { ImdsClient } from "../managed-identity/imds-request.js";
import { type BearerRequest, requestImdsV1Token } from "../managed-identity/imds-v1.js";
import { ImdsV2 } from "../managed-identity/imds-v2.js";
import { Identity } from "../managed-identity/managed-identity-id.js";
import { type FoundSource, findSource } from "../managed-identity/source.js";
import { Acquisition, type Inquiry } from "../token/acquisition.js";
import { mergeClaims } from "../token/claims.js";
import { scopeKey } from "../token/scopes.js";
import { TokenCache, variantOf } from "../token/token-cache.js";
import { Transport } from "../transport/transport-options.js";
import type { AuthenticationResult } from "./authentication-result.js";
import type { BoundTokenRequest, BoundTokenSource } from "./bound-token-source.js";
import {
  type ManagedIdentityOptions,
  type ManagedIdentityRequest,
  readManagedIdentityOptions,
  readManagedIdentityRequest,
  resourceOf,
} from "./managed-identity-options.js";

/**
 * An application that runs on Azure and proves itself by where it runs: tokens of the host's managed identity, bound to a certificate
 * where the host's metadata service issues one (IMDSv2), Bearer tokens there and on App Service and Functions.
 *
 * Where the identity comes from is looked up in the environment at each call. Make one application for an identity and keep it: its
 * certificate and its cache live in it. It owns no connection.
 *
 * @example
 * ```ts
 * const application = new ManagedIdentityApplication({ identity: { userAssignedClientId: "6325cd32-9911-41f3-819c-416cdf9104e7" } });
 * const result = await application.acquireToken({ resource: "https://vault.azure.net", mtlsProofOfPossession: true });
 * ```
 * @see the seed's `ManagedIdentityApplicationBuilder`; PROTOCOL.md section 5
 */
export class ManagedIdentityApplication implements BoundTokenSource {
  readonly #identity: Identity;
  readonly #env: Readonly<NodeJS.ProcessEnv>;
  readonly #clock: Clock;
  readonly #transport: Transport;
  readonly #imds: ImdsClient;
  readonly #imdsV2: ImdsV2;
  readonly #acquisition: Acquisition;
  readonly #v2Variant: string;

  /** @throws {MtlsPopError} `invalid_options`, `managed_identity_cannot_exchange` for a `clientAssertion` */
  constructor(given: ManagedIdentityOptions = {}) {
    const options = readManagedIdentityOptions(given);
    const { identity = "system-assigned", env = process.env, clock = systemClock, logger, attestation, bindingKey } = options;
    const { knownAuthorities = [], clientCapabilities } = options;
    this.#identity = new Identity(identity);
    this.#env = env;
    this.#clock = clock;
    this.#transport = new Transport(options.transport);
    this.#imds = new ImdsClient({ transport: this.#transport, clock, env });
    this.#imdsV2 = new ImdsV2({
      imds: this.#imds,
      identity: this.#identity,
      attestation,
      bindingKey,
      knownAuthorities: [...knownAuthorities],
      transport: this.#transport,
      clock,
      logger,
      clientCapabilities: clientCapabilities && [...clientCapabilities],
    });
    this.#acquisition = new Acquisition({ cache: options.cache ?? new TokenCache(), clock, logger });
    this.#v2Variant = `${attestation ? "attested" : "unattested"} ${variantOf({ clientCapabilities })}`;
  }

  /**
   * Acquires a token of the managed identity, from the cache when it can.
   *
   * @returns `mtls_pop` when `mtlsProofOfPossession` is set, else `Bearer`; never the weaker one in place of the other
   * @throws {MtlsPopError} `mtls_pop_not_supported_for_environment` where the host's source issues no certificates,
   * `managed_identity_unavailable` where it is not served at all; `managed_identity_error`, `invalid_managed_identity_response`,
   * `mtls_pop_token_not_supported_in_imds_v1`, `attestation_required`, `attestation_failed` and others, see docs/errors.md; the
   * signal's reason when aborted
   */
  async acquireToken(given: ManagedIdentityRequest): Promise<AuthenticationResult> {
    const request = readManagedIdentityRequest(given);
    const { claims, signal } = request;
    signal?.throwIfAborted();
    shareSignal(signal);
    // an ill-formed one is refused here, whether or not the endpoint would be told it
    if (claims !== undefined) mergeClaims(undefined, claims);
    const found = findSource(this.#env);
    return request.mtlsProofOfPossession || request.sendCertificateOverMtls
      ? this.#acquireOverMtls(found, request)
      : this.#acquireBearer(found, request);
  }

  /** A bound token: `acquireToken` with `mtlsProofOfPossession` set, for the resource of the one scope. */
  async acquireBoundToken(given: BoundTokenRequest): Promise<AuthenticationResult> {
    const { scopes, ...request } = plainCopy("acquireBoundToken", given);
    if (!textList.test(scopes) || scopes.length !== 1) {
      throw new MtlsPopError("invalid_options", '`scopes` must name one resource, such as ["https://vault.azure.net/.default"].');
    }
    return this.acquireToken({ ...request, resource: resourceOf(scopeKey(scopes)), mtlsProofOfPossession: true });
  }

  /** The certificate that is kept at present; `undefined` before the first one was issued. */
  bindingCertificate(): BindingCertificate | undefined {
    return this.#imdsV2.current();
  }

  async #acquireOverMtls(found: FoundSource, request: ManagedIdentityRequest): Promise<AuthenticationResult> {
    const { resource, mtlsProofOfPossession: bound = false, claims, signal } = request;
    if (found.source !== "imds") throw issuesNoCertificate(found, bound);
    const tokenType = bound ? "mtls_pop" : "Bearer";
    const prefix = `managed-identity imds-v2 ${this.#identity.key} ${tokenType}`;
    const startedMs = this.#clock.now();
    return this.#imdsV2.withCredential((credential) => {
      const { certificate } = credential;
      const certificateMs = this.#clock.now() - startedMs;
      const ask: Inquiry["ask"] = (ended) => {
        const correlationId = request.correlationId ?? randomUUID();
        return this.#imdsV2.acquire({ credential, resource, bound, claims, correlationId, certificateMs, signal: ended });
      };
      const key = `${prefix} ${certificate.x5tS256} ${this.#v2Variant} ${resource}`;
      return this.#acquire(key, bound ? certificate : undefined, request, ask);
    }, signal);
  }

  async #acquireBearer(found: FoundSource, request: ManagedIdentityRequest): Promise<AuthenticationResult> {
    const { resource } = request;
    const key = `managed-identity ${found.source} ${this.#identity.key} Bearer ${resource}`;
    const question = (signal: AbortSignal): BearerRequest => {
      return { identity: this.#identity, resource, correlationId: request.correlationId ?? randomUUID(), signal };
    };
    if (found.source === "imds") {
      return this.#acquire(key, undefined, request, (ended) => requestImdsV1Token(this.#imds, this.#clock, question(ended)));
    }
    if (found.source !== "app-service") throw notServed(found);
    const appService = { transport: this.#transport, clock: this.#clock, env: this.#env };
    return this.#acquire(key, undefined, request, (ended) => requestAppServiceToken(appService, question(ended)));
  }

  async #acquire(
    key: string,
    certificate: BindingCertificate | undefined,
    { claims, skipCache, signal }: ManagedIdentityRequest,
    ask: Inquiry["ask"],
  ): Promise<AuthenticationResult> {
    const cached = skipCache || claims !== undefined ? undefined : this.#acquisition.fromCache(key, certificate, { ask });
    return cached ?? this.#acquisition.fromService(key, claims ?? "", { ask }, signal);
  }
}

function issuesNoCertificate({ description }: FoundSource, bound: boolean): MtlsPopError {
  const asked = bound ? "A bound token" : "A Bearer token over mutual TLS";
  return new MtlsPopError(
    "mtls_pop_not_supported_for_environment",
    `${asked} was asked for, but this host's managed identity comes from ${description}, which issues no certificates.`,
    {
      help: "Use a ConfidentialClientApplication with a certificate, or a federated exchange whose leg 1 runs on a virtual machine with IMDSv2. For a plain Bearer token, leave the option out.",
    },
  );
}

function notServed({ description }: FoundSource): MtlsPopError {
  return new MtlsPopError(
    "managed_identity_unavailable",
    `This host's managed identity comes from ${description}, which is not served here.`,
    {
      help: "Use @azure/identity for its Bearer tokens, or a ConfidentialClientApplication with a certificate.",
    },
  );
}
