import type { AuthenticationResult } from "../application/authentication-result.js";
import { tokenResult } from "../application/token-result.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { isMtlsPopError } from "../errors.js";
import { type Logger, tell } from "../internal/logger.js";
import { mergeClaims } from "../token/claims.js";
import { postTokenRequest } from "../token/token-endpoint-client.js";
import { tokenRequestBody } from "../token/token-request.js";
import { parseTokenResponse } from "../token/token-response.js";
import type { Transport } from "../transport/transport-options.js";
import { CredentialKeeper } from "./credential-keeper.js";
import { CredentialMint, type CredentialMintOptions } from "./credential-mint.js";
import type { IssuedCredential } from "./issued-credential.js";

/** Which identity of this machine is used, and how. */
export interface ImdsV2Options extends CredentialMintOptions {
  readonly transport: Transport;
  readonly clientCapabilities?: readonly string[] | undefined;
  readonly logger?: Logger | undefined;
}

/** A token over the issued certificate, asked for. */
export interface ImdsV2TokenRequest {
  /** From {@link ImdsV2.withCredential}: the very one that the cache was asked with. */
  readonly credential: IssuedCredential;
  /** Without `/.default`. */
  readonly resource: string;
  /** A Bearer token over mutual TLS otherwise. */
  readonly bound: boolean;
  readonly claims: string | undefined;
  readonly correlationId: string;
  /** Milliseconds that the credential took, for the result. */
  readonly certificateMs: number;
  readonly signal: AbortSignal;
}

/**
 * A managed identity by the second version of the instance metadata service: a certificate that is issued for a key of this process,
 * and tokens over mutual TLS with it.
 *
 * Certificates are kept in memory and belong to this object: applications share them by being the same application.
 *
 * @see PROTOCOL.md section 5
 */
export class ImdsV2 {
  readonly #options: ImdsV2Options;
  readonly #keeper: CredentialKeeper;

  constructor(options: ImdsV2Options) {
    this.#options = options;
    const mint = new CredentialMint(options);
    this.#keeper = new CredentialKeeper({ ...options, mint: (signal) => mint.mint(signal) });
  }

  /** The certificate that is kept at present. */
  current(): BindingCertificate | undefined {
    return this.#keeper.kept()?.certificate;
  }

  /**
   * The certificate for the next request, kept or newly issued.
   *
   * @throws {MtlsPopError} `mtls_pop_token_not_supported_in_imds_v1`, `attestation_required`, `attestation_failed`,
   * `managed_identity_error`, `invalid_managed_identity_response`, `untrusted_authority`, `certificate_key_unsupported`, `timeout`,
   * `network_error`; the signal's reason when aborted
   */
  credential(signal?: AbortSignal): Promise<IssuedCredential> {
    return this.#keeper.get(signal);
  }

  /**
   * Does something with the credential of this request, and once more with a new one if the token endpoint refuses the certificate.
   *
   * @param use cache and token request, both with the credential that it is given
   * @throws {MtlsPopError} as {@link ImdsV2.credential}, and what `use` throws
   */
  async withCredential<T>(use: (credential: IssuedCredential) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const credential = await this.credential(signal);
    try {
      return await use(credential);
    } catch (error) {
      if (!refusesCertificate(error)) throw error;
      const another = await this.#keeper.replace(credential, signal);
      if (!another) throw error;
      tell(this.#options.logger, "warn", "The token endpoint refused the managed identity's certificate, so a new one is used.");
      return use(another);
    }
  }

  /**
   * Flow (3): one token request with the issued certificate in the handshake.
   *
   * @throws {MtlsPopError} what the endpoint answered or why it was not reached; `token_type_mismatch`, `token_type_missing`,
   * `confirmation_mismatch`, `confirmation_missing`, `invalid_token_response`, `invalid_claims`
   * @see PROTOCOL.md section 2
   */
  async acquire(request: ImdsV2TokenRequest): Promise<AuthenticationResult> {
    const { transport, clock, logger, clientCapabilities } = this.#options;
    const { credential, resource, bound, correlationId, certificateMs, signal } = request;
    const { certificate, clientId, tenantId, tokenEndpoint: endpoint } = credential;
    const scope = `${resource.replace(/\/$/, "")}/.default`;
    const claims = mergeClaims(clientCapabilities, request.claims);
    const body = tokenRequestBody({ clientId, scope, bound, claims, namesBearer: !bound });
    const startedMs = clock.now();
    const answer = await postTokenRequest(transport, clock, { endpoint, body, certificate, correlationId, signal });
    const tokenType = bound ? "mtls_pop" : "Bearer";
    const token = parseTokenResponse(answer, { tokenType, scope, correlationId });
    const nowMs = clock.now();
    const httpMs = nowMs - startedMs;
    const result = tokenResult(token, {
      nowMs,
      tenantId,
      bindingCertificate: bound ? certificate : undefined,
      correlationId,
      metadata: { tokenEndpoint: endpoint.href, durations: { totalMs: httpMs + certificateMs, certificateMs, regionMs: 0, httpMs } },
    });
    tell(logger, "info", `Acquired a token of type ${tokenType} from ${endpoint.host} in ${httpMs} ms (${correlationId}).`);
    return result;
  }
}

/** Whether a failure says that the certificate is not taken: by Entra in words, or by its server in the handshake. */
function refusesCertificate(error: unknown): boolean {
  if (!isMtlsPopError(error)) return false;
  if (error.code !== "tls_handshake_failed") return error.code === "invalid_client";
  const code: unknown = error.cause instanceof Error ? Reflect.get(error.cause, "code") : undefined;
  // OpenSSL's own: an alert of the server. Node's are of a server that is not trusted here
  return typeof code === "string" && (code.startsWith("ERR_SSL_") || code === "EPROTO");
}
