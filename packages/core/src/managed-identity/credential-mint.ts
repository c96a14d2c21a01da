import { randomUUID } from "node:crypto";
import type { BindingKey } from "../certificate/binding-key.js";
import { isMtlsPopError, MtlsPopError } from "../errors.js";
import { abortable } from "../internal/abortable.js";
import type { Clock } from "../internal/clock.js";
import { type AttestationProvider, AttestationTokens } from "./attestation.js";
import { attestationEndpointOf } from "./attestation-endpoint.js";
import { type ComputeMetadata, readComputeMetadata } from "./compute-metadata.js";
import { certificateSigningRequest } from "./csr.js";
import type { ImdsCall, ImdsClient } from "./imds-request.js";
import { issueCredential } from "./issue-credential.js";
import type { IssuedCredential } from "./issued-credential.js";
import type { Identity } from "./managed-identity-id.js";
import { assertRsaKey, newMemoryKey } from "./memory-key.js";
import { fetchPlatformMetadata, type PlatformMetadata } from "./platform-metadata.js";

/** Whose certificates are minted, and with what. */
export interface CredentialMintOptions {
  readonly imds: ImdsClient;
  readonly identity: Identity;
  readonly attestation?: AttestationProvider | undefined;
  /** Asked for each certificate. @default a new RSA key in memory */
  readonly bindingKey?: (() => BindingKey | Promise<BindingKey>) | undefined;
  readonly knownAuthorities: readonly string[];
  readonly clock: Clock;
}

/** As long as hardware may take to make a key or to sign. */
const KEY_TIMEOUT_MS = 30_000;

/** From nothing to a certificate: platform metadata and a key at the same time, request, attestation, issue. */
export class CredentialMint {
  readonly #options: CredentialMintOptions;
  readonly #attestations: AttestationTokens | undefined;
  /** A key that no certificate was issued for yet; the next attempt takes it, since making one takes long. */
  #unusedKey: Promise<BindingKey> | undefined;

  constructor(options: CredentialMintOptions) {
    this.#options = options;
    const { attestation: provider, clock } = options;
    this.#attestations = provider && new AttestationTokens({ provider, clock });
  }

  /**
   * @throws {MtlsPopError} `mtls_pop_token_not_supported_in_imds_v1`, `attestation_required`, `attestation_failed`,
   * `managed_identity_error`, `invalid_managed_identity_response`, `untrusted_authority`, `certificate_key_unsupported`, `timeout`,
   * `network_error`; the signal's reason when aborted
   * @see PROTOCOL.md section 5
   */
  async mint(signal: AbortSignal): Promise<IssuedCredential> {
    const { imds, identity, clock, knownAuthorities } = this.#options;
    const call = { correlationId: randomUUID(), signal };
    const asked = fetchPlatformMetadata(imds, identity, { ...call, nowMs: () => clock.now() });
    const machine = this.#attestations && this.#machine(call);
    // begun while the metadata is on its way; together, so that no failure goes unheard
    const [metadata, key, compute] = await Promise.all([asked, this.#key(signal), machine]);
    const attestationToken = compute && (await this.#attest(metadata, compute, key, signal));
    const csr = await abortable(
      certificateSigningRequest(metadata, key),
      signal,
      limit("The managed identity's key signed no certificate request"),
    );
    try {
      const credential = await issueCredential(imds, { identity, metadata, csr, key, attestationToken, knownAuthorities, clock, ...call });
      this.#unusedKey = undefined;
      return credential;
    } catch (error) {
      if (attestationToken !== undefined && isMtlsPopError(error) && error.kind === "service") this.#attestations?.forget(attestationToken);
      throw error;
    }
  }

  async #key(signal: AbortSignal): Promise<BindingKey> {
    const { bindingKey } = this.#options;
    if (bindingKey) {
      const given = Promise.resolve().then(bindingKey);
      return assertRsaKey(await abortable(given, signal, limit("The `bindingKey` function gave no key")));
    }
    this.#unusedKey ??= this.#newKey();
    return abortable(this.#unusedKey, signal);
  }

  async #newKey(): Promise<BindingKey> {
    try {
      return await newMemoryKey();
    } catch (error) {
      // a failure is told to those who wait, and not kept
      this.#unusedKey = undefined;
      throw error;
    }
  }

  async #attest(metadata: PlatformMetadata, machine: ComputeMetadata, key: BindingKey, signal: AbortSignal): Promise<string | undefined> {
    const { clientId, tenantId, attestationEndpoint: imdsAttestationEndpoint } = metadata;
    const attestationEndpoint = attestationEndpointOf(machine, imdsAttestationEndpoint);
    const { publicKey } = key;
    return this.#attestations?.get({ attestationEndpoint, imdsAttestationEndpoint, clientId, tenantId, publicKey }, signal);
  }

  /** What decides on the attestation endpoint; without an answer the metadata service's own is taken. */
  async #machine(call: ImdsCall): Promise<ComputeMetadata> {
    try {
      return await readComputeMetadata(this.#options.imds, call);
    } catch {
      // an abort or a setting that is wrong is heard from the other call
      return {};
    }
  }
}

function limit(what: string): { timeoutMs: number; error: () => MtlsPopError } {
  const error = () => new MtlsPopError("timeout", `${what} within ${KEY_TIMEOUT_MS} ms.`);
  return { timeoutMs: KEY_TIMEOUT_MS, error };
}
