import { isMtlsPopError } from "../errors.js";
import type { Logger } from "../internal/logger.js";
import { assertArguments, callable, type OptionRule, plainCopy, positive, record, text } from "../internal/options.js";
import type { BindingCertificate } from "./binding-certificate.js";
import { certificateFromContent } from "./certificate-content.js";
import { read, versionOf } from "./file-content.js";
import { KeptCertificate } from "./kept-certificate.js";

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
  const { now = Date.now, checkEverySeconds = 5, logger, ...rest } = plainCopy("certificateFromFile", options);
  const file = new CertificateFile(path, { ...rest, now });
  const kept = new KeptCertificate({
    name: `The certificate file "${path}"`,
    find: (current) => file.read(current),
    waitMs: () => checkEverySeconds * 1000,
    // the new file's fault says more than that the old certificate has ended
    ended: (_certificate, failure) => failure,
    now,
    logger,
  });
  return () => kept.certificate();
}

/** What is in the file, read again when it has changed. */
class CertificateFile {
  readonly #path: string;
  readonly #options: Pick<CertificateFromFileOptions, "keyPath" | "passphrase" | "now">;
  /** What was read last, usable or not. */
  #version: string | undefined;
  /** What was wrong with that. */
  #failure: unknown;

  constructor(path: string, options: Pick<CertificateFromFileOptions, "keyPath" | "passphrase" | "now">) {
    this.#path = path;
    this.#options = options;
  }

  async read(current: BindingCertificate | undefined): Promise<BindingCertificate> {
    const { keyPath } = this.#options;
    let version: string | undefined;
    try {
      version = [await versionOf(this.#path), keyPath && (await versionOf(keyPath))].join(" ");
      const isUnchanged = current !== undefined && version === this.#version && !this.#mayFitLater();
      if (isUnchanged && this.#failure !== undefined) throw this.#failure;
      const loaded = isUnchanged ? current : await this.#load();
      this.#failure = undefined;
      // in a file that was only touched it stays the same object, and with it its connections
      return current?.x5c.join() === loaded.x5c.join() ? current : loaded;
    } catch (error) {
      // of a file that is as it was, or still gone, it is the same failure, which is told once
      if (!current || version !== this.#version) this.#failure = undefined;
      this.#failure ??= error;
      throw this.#failure;
    } finally {
      this.#version = version;
    }
  }

  /** A file laid down ahead of its certificate's time is looked at again although it does not change. */
  #mayFitLater(): boolean {
    return isMtlsPopError(this.#failure) && this.#failure.code === "certificate_not_yet_valid";
  }

  async #load(): Promise<BindingCertificate> {
    const { keyPath, passphrase, now } = this.#options;
    const [content, key] = await Promise.all([read(this.#path), keyPath === undefined ? undefined : read(keyPath)]);
    return certificateFromContent(`The certificate file "${this.#path}"`, content, { key, passphrase, now });
  }
}
