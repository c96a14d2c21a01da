import { createHash, type KeyObject } from "node:crypto";
import { MtlsPopError } from "../errors.js";
import { abortable } from "../internal/abortable.js";
import type { Clock } from "../internal/clock.js";
import { describe, text } from "../internal/options.js";
import { SingleFlight } from "../internal/single-flight.js";
import { readJwtClaims } from "../token/confirmation.js";
import { firstSentence } from "../token/entra-error.js";

/** What an {@link AttestationProvider} is told. */
export interface AttestationRequest {
  /** Of the machine's region and cloud, such as `https://westus3.attestation.microsoft.com`; the metadata service's own where these are not known. */
  readonly attestationEndpoint: string;
  /** What the metadata service names. */
  readonly imdsAttestationEndpoint: string;
  /** The managed identity's. */
  readonly clientId: string;
  /** What Microsoft's own client passes to Azure Attestation as the metadata `client_id`. */
  readonly tenantId: string;
  /** The public half of the key that is to be attested. */
  readonly publicKey: KeyObject;
  /** Ends the work when nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/**
 * Proves to Azure Attestation that a key is held where it cannot be taken from.
 *
 * @returns Azure Attestation's JWT; anything else, or a failure, ends the acquisition with `attestation_failed`
 */
export type AttestationProvider = (request: AttestationRequest) => Promise<string>;

/** A token leaves the cache this long before it ends. */
const EXPIRY_BUFFER_MS = 5 * 60 * 1000;

/** As long as a service may take to answer. */
const TIMEOUT_MS = 30_000;

/** One key and one endpoint at a time; a few more, for keys that change. */
const MAX_ENTRIES = 16;

interface Attested {
  readonly token: string;
  readonly usableUntilMs: number;
}

/** The attestations of an identity's keys: asked for once while they are good, and by one call at a time. */
export class AttestationTokens {
  readonly #provider: AttestationProvider;
  readonly #clock: Clock;
  readonly #flights = new SingleFlight<string>();
  readonly #tokens = new Map<string, Attested>();

  constructor({ provider, clock }: { provider: AttestationProvider; clock: Clock }) {
    this.#provider = provider;
    this.#clock = clock;
  }

  /**
   * The token for a key, from memory when it can.
   *
   * @throws {MtlsPopError} `attestation_failed`; the signal's reason when aborted
   */
  async get(request: Omit<AttestationRequest, "signal">, signal: AbortSignal): Promise<string> {
    const key = keyOf(request);
    const known = this.#tokens.get(key);
    if (known && this.#clock.now() < known.usableUntilMs) return known.token;
    return this.#flights.join(key, (ended) => this.#attest(key, { ...request, signal: ended }), signal);
  }

  /** Takes a token out of memory, since the one whom it was shown did not take it. */
  forget(token: string): void {
    for (const [key, known] of this.#tokens) if (known.token === token) this.#tokens.delete(key);
  }

  async #attest(key: string, request: AttestationRequest): Promise<string> {
    const token = await ask(this.#provider, request);
    this.#tokens.delete(key);
    this.#tokens.set(key, { token, usableUntilMs: expiryMs(token) - EXPIRY_BUFFER_MS });
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= MAX_ENTRIES) break;
      this.#tokens.delete(oldest);
    }
    return token;
  }
}

async function ask(provider: AttestationProvider, request: AttestationRequest): Promise<string> {
  const { signal, attestationEndpoint } = request;
  const late = () => new MtlsPopError("timeout", `The \`attestation\` function gave no token within ${TIMEOUT_MS} ms.`);
  let token: unknown;
  try {
    token = await abortable(
      Promise.resolve().then(() => provider(request)),
      signal,
      { timeoutMs: TIMEOUT_MS, error: late },
    );
  } catch (cause) {
    // also when everybody has left: they have heard their own signal's reason
    const reason = cause instanceof Error && cause.message ? `: ${firstSentence(cause.message)}` : "";
    throw failed(`The key was not attested at ${attestationEndpoint}${reason}`, cause);
  }
  if (typeof token === "string" && text.test(token)) return token;
  throw failed(`The \`attestation\` function returned ${describe(token)} in place of a token`);
}

function failed(what: string, cause?: unknown): MtlsPopError {
  return new MtlsPopError("attestation_failed", /[.!?…]$/.test(what) ? what : `${what}.`, {
    cause,
    help: "No certificate was asked for: an identity whose keys are to be attested is not used without. Mend the provider, or leave `attestation` out where the host does not ask for it.",
  });
}

/** Attestation is of one key at one place. */
function keyOf({ attestationEndpoint, publicKey, clientId, tenantId }: Omit<AttestationRequest, "signal">): string {
  const keyId = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
  return [attestationEndpoint, clientId, tenantId, keyId].join(" ");
}

/** A token that does not say when it ends is used once. */
function expiryMs(token: string): number {
  const exp = readJwtClaims(token)?.["exp"];
  return typeof exp === "number" ? exp * 1000 : 0;
}
