import type { Clock } from "../internal/clock.js";
import { type Logger, tell } from "../internal/logger.js";
import { SingleFlight } from "../internal/single-flight.js";
import type { IssuedCredential } from "./issued-credential.js";

/** How long a certificate is used. @see PROTOCOL.md section 5 */
const LIFE = {
  /** Kept while more is left than the lesser of these two. */
  reserveMs: 24 * 60 * 60 * 1000,
  reservePart: 1 / 4,
  /** Renewed behind live traffic from here on. */
  renewPart: 1 / 2,
  /** A renewal that failed is tried again after this. */
  renewalPauseMs: 60 * 1000,
  /** What was minted in place of a refused certificate is not itself replaced before this: a new one would be refused as well. */
  replacementPauseMs: 5 * 60 * 1000,
} as const;

interface Kept {
  readonly credential: IssuedCredential;
  readonly mintedMs: number;
  readonly keepUntilMs: number;
  /** Whether it came in place of a refused one. */
  readonly isReplacement: boolean;
  renewFromMs: number;
}

/** Mints a credential, which takes a key and several calls. */
export type Mint = (signal: AbortSignal) => Promise<IssuedCredential>;

/**
 * Keeps the certificate of one identity, in memory: one is minted at a time, whoever asks; at half of its life the next one is minted
 * while the present one is used; one that the token endpoint refuses is replaced once.
 */
export class CredentialKeeper {
  readonly #mint: Mint;
  readonly #clock: Clock;
  readonly #logger: Logger | undefined;
  readonly #flights = new SingleFlight<IssuedCredential>();
  #kept: Kept | undefined;

  constructor({ mint, clock, logger }: { mint: Mint; clock: Clock; logger?: Logger | undefined }) {
    this.#mint = mint;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The credential that is kept at present; none, or one with too little life left, is `undefined`. */
  kept(): IssuedCredential | undefined {
    return this.#present(this.#clock.now())?.credential;
  }

  /** The kept credential, or a new one. */
  async get(signal?: AbortSignal): Promise<IssuedCredential> {
    const now = this.#clock.now();
    const present = this.#present(now);
    if (!present) return this.#join(false, signal);
    if (now >= present.renewFromMs) this.#renew(present);
    return present.credential;
  }

  /**
   * Another credential in place of one that was refused.
   *
   * @returns `undefined` when that one had just been minted in the same way: then a further one would not help
   */
  async replace(refused: IssuedCredential, signal?: AbortSignal): Promise<IssuedCredential | undefined> {
    const now = this.#clock.now();
    const present = this.#present(now);
    if (present && present.credential !== refused) return present.credential;
    // either way: a clock that was set back must not make a week of five minutes
    if (present?.isReplacement && Math.abs(now - present.mintedMs) < LIFE.replacementPauseMs) return undefined;
    return this.#join(true, signal);
  }

  #present(now: number): Kept | undefined {
    return this.#kept && now < this.#kept.keepUntilMs ? this.#kept : undefined;
  }

  #join(isReplacement: boolean, signal?: AbortSignal): Promise<IssuedCredential> {
    return this.#flights.join("mint", (ended) => this.#mintAndKeep(isReplacement, ended), signal);
  }

  async #mintAndKeep(isReplacement: boolean, signal: AbortSignal): Promise<IssuedCredential> {
    const credential = await this.#mint(signal);
    const mintedMs = this.#clock.now();
    const endsMs = credential.certificate.notAfter.getTime();
    // of what is left of it: whatever time the issuer dates it back to was never ours
    const lifeMs = endsMs - Math.max(credential.certificate.notBefore.getTime(), mintedMs);
    const keepUntilMs = endsMs - Math.min(LIFE.reserveMs, lifeMs * LIFE.reservePart);
    this.#kept = { credential, mintedMs, keepUntilMs, isReplacement, renewFromMs: endsMs - lifeMs * LIFE.renewPart };
    const { thumbprint } = credential.certificate;
    tell(
      this.#logger,
      "info",
      `The managed identity ${credential.clientId} has the certificate ${thumbprint} until ${new Date(endsMs).toISOString()}.`,
    );
    return credential;
  }

  #renew(present: Kept): void {
    // before the attempt: its failure is not to start the next one at once
    present.renewFromMs = this.#clock.now() + LIFE.renewalPauseMs;
    this.#join(false).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      tell(
        this.#logger,
        "warn",
        `The managed identity's certificate could not be renewed; the present one is used while it lasts. ${reason}`,
      );
    });
  }
}
