import { isMtlsPopError } from "../errors.js";
import { type Logger, tell } from "../internal/logger.js";
import type { BindingCertificate } from "./binding-certificate.js";

/** A longer wish of whoever has the certificate counts as this. */
const MAX_THROTTLE_SECONDS = 3600;

/** Where a certificate is looked for again, and how often. */
export interface CertificateOrigin {
  /** In words that a log's sentence begins with, such as `The certificate "orders" of https://contoso.vault.azure.net`. */
  readonly name: string;
  /**
   * Looks for the certificate to use now.
   *
   * @param current the one that is used at present
   * @returns the same object when nothing has changed
   */
  readonly find: (current: BindingCertificate | undefined) => Promise<BindingCertificate>;
  /** Milliseconds from one look to the next; after failures, in a row so many. */
  readonly waitMs: (failures: number) => number;
  /** The error for a certificate that has ended and that could not be replaced. */
  readonly ended: (certificate: BindingCertificate, failure: unknown) => unknown;
  readonly now: () => number;
  readonly logger: Logger | undefined;
}

/**
 * Keeps a certificate while it is valid, and has a new one looked for behind a use of it: no timer runs, and nobody waits. What goes wrong
 * there is logged, and tried again later.
 */
export class KeptCertificate {
  readonly #origin: CertificateOrigin;
  #current: BindingCertificate | undefined;
  #failure: unknown;
  #failures = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #look: Promise<void> | undefined;

  constructor(origin: CertificateOrigin) {
    this.#origin = origin;
  }

  certificate(): BindingCertificate | Promise<BindingCertificate> {
    const now = this.#origin.now();
    const current = this.#current;
    if (current === undefined || now > current.notAfter.getTime()) {
      const looked = this.#isThrottled(now) ? Promise.resolve() : this.#lookOnce(now);
      return looked.then(() => this.#usable());
    }
    // either way: a clock that was set back shall not end the looking
    const isDue = Math.abs(now - this.#lookedAt) >= this.#origin.waitMs(this.#failures);
    if (isDue && !this.#isThrottled(now)) this.#lookOnce(now);
    return current;
  }

  /** Asking on would only prolong the wait; every other failure is forgotten. */
  #isThrottled(now: number): boolean {
    const failure = this.#failure;
    if (!isMtlsPopError(failure) || failure.statusCode !== 429) return false;
    const sinceMs = now - this.#lookedAt;
    return sinceMs >= 0 && sinceMs < Math.min(failure.retryAfterSeconds ?? 0, MAX_THROTTLE_SECONDS) * 1000;
  }

  #usable(): BindingCertificate {
    const certificate = this.#current;
    if (certificate === undefined) throw this.#failure;
    const now = this.#origin.now();
    if (now <= certificate.notAfter.getTime()) return certificate;
    // it may have ended while it was looked at, and then nothing has failed
    if (this.#failure === undefined) certificate.assertValidAt(new Date(now));
    throw this.#origin.ended(certificate, this.#failure);
  }

  #lookOnce(now: number): Promise<void> {
    this.#look ??= this.#lookAgain(now).finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  async #lookAgain(now: number): Promise<void> {
    const { name, find, logger } = this.#origin;
    const before = this.#current;
    this.#lookedAt = now;
    try {
      const found = await find(before);
      this.#current = found;
      this.#failure = undefined;
      this.#failures = 0;
      if (before && before !== found) tell(logger, "info", `${name} changed: now "${found.subject}" (${found.thumbprint}).`);
    } catch (error) {
      const isKnown = error === this.#failure;
      this.#failure = error;
      this.#failures++;
      if (before === undefined || isKnown) return;
      const reason = error instanceof Error ? error.message : String(error);
      const stays = `${before.thumbprint} stays until ${before.notAfter.toISOString()}`;
      tell(logger, "warn", `${name} could not be read anew; ${stays}. ${reason}`);
    }
  }
}
