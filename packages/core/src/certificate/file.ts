import { isMtlsPopError } from "../errors.js";
import { type Logger, tell } from "../internal/logger.js";
import { assertArguments, callable, type OptionRule, plainCopy, positive, record, text } from "../internal/options.js";
import type { BindingCertificate } from "./binding-certificate.js";
import { certificateFromContent } from "./certificate-content.js";
import { read, versionOf } from "./file-content.js";

/** Options of {@link certificateFromFile}. */
export interface CertificateFromFileOptions {
  /** The file with the private key in PEM, if it is another one. @default the certificate's file */
  keyPath?: string | undefined;
  /** Opens an encrypted key or a PFX. @default none */
  passphrase?: string | undefined;
  /** How often, in seconds, a use of the certificate asks whether the file has changed. @default 5 */
  checkEverySeconds?: number | undefined;
  /** Milliseconds since the epoch. @default Date.now */
  now?: (() => number) | undefined;
  /** Is told when a changed file was taken up, and when it could not be. @default nobody */
  logger?: Logger | undefined;
}

const RULES = {
  path: { ...text, required: true },
  keyPath: text,
  passphrase: { expected: "a string", test: (value) => typeof value === "string" },
  checkEverySeconds: positive,
  now: callable,
  logger: record,
} satisfies Record<"path" | keyof CertificateFromFileOptions, OptionRule>;

/**
 * A certificate that lives in a file, PEM or PFX by its content, and is loaded again when the file changes, also when a link to it is
 * swapped as Kubernetes does. The change is noticed behind a use of the certificate: no timer runs, and nobody waits. While a new file
 * cannot be used, because it is half written or its key has not followed yet, the certificate before it stays as long as it is valid.
 *
 * @param path such as `/var/ssl/private/{thumbprint}.p12` on App Service for Linux
 * @returns a source for `certificate`, which rejects with `certificate_unreadable` or as {@link BindingCertificate.fromPem} does
 * @throws {MtlsPopError} `invalid_options`
 *
 * @example
 * ```ts
 * const certificate = certificateFromFile("/mnt/tls/tls.crt", { keyPath: "/mnt/tls/tls.key" });
 * const application = new ConfidentialClientApplication({ clientId, tenantId, certificate });
 * ```
 */
export function certificateFromFile(
  path: string,
  options: CertificateFromFileOptions = {},
): () => BindingCertificate | Promise<BindingCertificate> {
  assertArguments("certificateFromFile", { path }, options, RULES);
  const file = new CertificateFile(path, plainCopy("certificateFromFile", options));
  return () => file.certificate();
}

class CertificateFile {
  readonly #path: string;
  readonly #options: CertificateFromFileOptions;
  readonly #now: () => number;
  #current: BindingCertificate | undefined;
  #failure: unknown;
  /** What was read last, usable or not. */
  #version: string | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #check: Promise<void> | undefined;

  constructor(path: string, options: CertificateFromFileOptions) {
    this.#path = path;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  certificate(): BindingCertificate | Promise<BindingCertificate> {
    const now = this.#now();
    const usable = this.#current !== undefined && now <= this.#current.notAfter.getTime();
    const due = Math.abs(now - this.#checkedAt) >= (this.#options.checkEverySeconds ?? 5) * 1000;
    // without a certificate there is nothing to spare: every call tries, together with those that are trying
    const check = due || !this.#current ? this.#checkOnce(now) : this.#check;
    if (this.#current && (usable || !check)) return this.#usable(this.#current);
    return (check ?? Promise.resolve()).then(() => this.#usable(this.#current));
  }

  #usable(certificate: BindingCertificate | undefined): BindingCertificate {
    if (!certificate) throw this.#failure;
    const now = new Date(this.#now());
    // the new file's fault says more than that the old certificate has ended
    if (now > certificate.notAfter && this.#failure) throw this.#failure;
    certificate.assertValidAt(now);
    return certificate;
  }

  #checkOnce(now: number): Promise<void> {
    this.#check ??= this.#refresh(now).finally(() => {
      this.#check = undefined;
    });
    return this.#check;
  }

  async #refresh(now: number): Promise<void> {
    this.#checkedAt = now;
    const { keyPath } = this.#options;
    let version: string | undefined;
    try {
      version = [await versionOf(this.#path), keyPath && (await versionOf(keyPath))].join(" ");
      if (version === this.#version && !this.#mayFitLater()) return;
      const loaded = await this.#load();
      this.#failure = undefined;
      this.#takeUp(loaded);
    } catch (error) {
      if (this.#current && (version !== this.#version || this.#failure === undefined)) this.#warn(this.#current, error);
      this.#failure = error;
    }
    this.#version = version;
  }

  /** A file laid down ahead of its certificate's time is looked at again although it does not change. */
  #mayFitLater(): boolean {
    return !this.#current || (isMtlsPopError(this.#failure) && this.#failure.code === "certificate_not_yet_valid");
  }

  async #load(): Promise<BindingCertificate> {
    const { keyPath, passphrase, now } = this.#options;
    const [content, key] = await Promise.all([read(this.#path), keyPath === undefined ? undefined : read(keyPath)]);
    return certificateFromContent(`The certificate file "${this.#path}"`, content, { key, passphrase, now });
  }

  /** The same certificate in a file that was only touched stays the same object, and with it its connections. */
  #takeUp(loaded: BindingCertificate): void {
    if (this.#current?.x5c.join() === loaded.x5c.join()) return;
    if (this.#current) {
      const news = `The certificate file "${this.#path}" changed: now "${loaded.subject}" (${loaded.thumbprint}).`;
      tell(this.#options.logger, "info", news);
    }
    this.#current = loaded;
  }

  #warn(current: BindingCertificate, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const until = current.notAfter.toISOString();
    const news = `A changed certificate file is not used; ${current.thumbprint} stays until ${until}. ${reason}`;
    tell(this.#options.logger, "warn", news);
  }
}
