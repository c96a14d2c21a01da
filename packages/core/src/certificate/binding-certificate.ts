import type { X509Certificate } from "node:crypto";
import type { SecureContext } from "node:tls";
import { inspect } from "node:util";
import { MtlsPopError } from "../errors.js";
import { assertArguments, assertOptions } from "../internal/options.js";
import {
  type BindingCertificateOptions,
  type FromBindingKeyOptions,
  type FromKeyObjectOptions,
  type FromPemOptions,
  type FromPfxOptions,
  RULES,
} from "./binding-certificate-options.js";
import { assertSecureContext, assertSignature, type BindingKey, type BindingTlsOptions, type SignatureAlgorithm } from "./binding-key.js";
import { certificatesOf } from "./certificate-input.js";
import { exportableKey } from "./exportable-key.js";
import { describeKey, publicKeyOf, signatureAlgorithmOf } from "./key-kind.js";
import { chainFrom, identityOf, type KeyMaterial, mismatch, subjectOf } from "./key-material.js";
import { readPem } from "./pem.js";
import { readPfx } from "./pfx.js";
import { thumbprintsOf } from "./thumbprint.js";

/**
 * The X.509 certificate that tokens are bound to, with its private key and its chain.
 *
 * It cannot change. The key stands in no property, JSON, `inspect` output or clone. A key that does not belong to the certificate, an
 * expired or not yet valid certificate, and kinds of keys that no bound flow takes are refused when it is made.
 *
 * @example
 * ```ts
 * const certificate = await BindingCertificate.fromPfx(await readFile("app.pfx"), { passphrase });
 * console.log(certificate.thumbprint, certificate.notAfter);
 * ```
 * @see RFC 8705 section 3
 */
export class BindingCertificate {
  /** SHA-1 of the certificate in upper-case hex, as .NET and the Azure portal show it. */
  readonly thumbprint: string;
  /** SHA-256 of the certificate in upper-case hex, as `@azure/msal-node` is given it. */
  readonly thumbprintSha256: string;
  /** SHA-256 of the certificate in base64url: what a token's `cnf["x5t#S256"]` holds. */
  readonly x5tS256: string;
  /** Such as `CN=orders, O=Contoso`: most specific part first. */
  readonly subject: string;
  /** Written as `subject` is. */
  readonly issuer: string;
  /** The certificate and, as far as they were given, its issuers, each in base64 DER (RFC 7515 section 4.1.6). */
  readonly x5c: readonly string[];
  /** `PS256` for an RSA key, `ES256` for EC P-256, `ES384` for EC P-384. */
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly #notBefore: number;
  readonly #notAfter: number;
  readonly #chainPem: string;
  readonly #key: BindingKey;
  readonly #contexts: Map<string, SecureContext> = new Map();

  private constructor([leaf, ...issuers]: readonly [X509Certificate, ...X509Certificate[]], key: BindingKey, now: number) {
    ({ thumbprint: this.thumbprint, thumbprintSha256: this.thumbprintSha256, x5tS256: this.x5tS256 } = thumbprintsOf(leaf.raw));
    this.subject = subjectOf(leaf);
    this.issuer = subjectOf(leaf, "issuer");
    this.x5c = Object.freeze([leaf, ...issuers].map(({ raw }) => raw.toString("base64")));
    this.signatureAlgorithm = signatureAlgorithmOf(leaf);
    this.#notBefore = Date.parse(leaf.validFrom);
    this.#notAfter = Date.parse(leaf.validTo);
    this.#chainPem = [leaf, ...issuers].map(String).join("");
    this.#key = key;
    Object.freeze(this);
    if (Number.isNaN(this.#notBefore + this.#notAfter)) {
      throw new MtlsPopError("certificate_malformed", `The certificate "${this.subject}" holds a date that does not exist.`);
    }
    this.assertValidAt(new Date(now));
  }

  /**
   * Loads a certificate and its private key from PEM: one text or two, blocks in any order, the key encrypted or not. The certificate
   * that the key fits is the leaf.
   *
   * @param pem text or a file's bytes
   * @throws {MtlsPopError} `certificate_empty`, `certificate_malformed`, `certificate_missing`, `certificate_private_key_missing`,
   * `certificate_passphrase_missing`, `certificate_passphrase_wrong`, `certificate_encryption_unsupported`, `certificate_key_mismatch`,
   * `certificate_key_unsupported`, `certificate_expired`, `certificate_not_yet_valid`, `invalid_options`
   */
  static async fromPem(pem: string | Uint8Array, options: FromPemOptions = {}): Promise<BindingCertificate> {
    assertArguments("BindingCertificate.fromPem", { pem }, options, RULES.fromPem);
    return BindingCertificate.#fromMaterial(await readPem(pem, options), options);
  }

  /**
   * Loads a certificate, its private key and its chain from a PFX (PKCS#12).
   *
   * @param pfx a file's bytes, or the same in base64, as Key Vault hands it out
   * @throws {MtlsPopError} as {@link BindingCertificate.fromPem}
   * @see RFC 7292
   */
  static async fromPfx(pfx: Uint8Array | string, options: FromPfxOptions = {}): Promise<BindingCertificate> {
    assertArguments("BindingCertificate.fromPfx", { pfx }, options, RULES.fromPfx);
    return BindingCertificate.#fromMaterial(await readPfx(pfx, options.passphrase), options);
  }

  /**
   * Takes a key that `node:crypto` holds already.
   *
   * @throws {MtlsPopError} as {@link BindingCertificate.fromPem}, but for what has to do with passphrases
   */
  static async fromKeyObject(options: FromKeyObjectOptions): Promise<BindingCertificate> {
    assertOptions("BindingCertificate.fromKeyObject", options, RULES.fromKeyObject);
    const { privateKey } = options;
    if (privateKey.type !== "private") {
      throw new MtlsPopError("certificate_private_key_missing", `\`privateKey\` is to be a private key, but is a ${privateKey.type} one.`, {
        help: "Make it with createPrivateKey or generateKeyPair.",
      });
    }
    const certificates = certificatesOf(options.certificate);
    return BindingCertificate.#fromMaterial({ certificates, privateKeys: [privateKey] }, options);
  }

  /**
   * Takes a key that this process cannot read, such as one in hardware: it signs and makes TLS contexts by itself.
   *
   * @throws {MtlsPopError} as {@link BindingCertificate.fromKeyObject}
   */
  static async fromBindingKey(options: FromBindingKeyOptions): Promise<BindingCertificate> {
    assertOptions("BindingCertificate.fromBindingKey", options, RULES.fromBindingKey);
    const certificates = certificatesOf(options.certificate);
    const leaf = certificates.find((candidate) => publicKeyOf(candidate).equals(options.key.publicKey));
    if (!leaf) throw mismatch(certificates, [describeKey(options.key.publicKey)]);
    return new BindingCertificate(chainFrom(leaf, certificates), options.key, (options.now ?? Date.now)());
  }

  static #fromMaterial(material: KeyMaterial, options: BindingCertificateOptions): BindingCertificate {
    const now = (options.now ?? Date.now)();
    const { chain, privateKey } = identityOf(material, now);
    return new BindingCertificate(chain, exportableKey(privateKey), now);
  }

  get notBefore(): Date {
    return new Date(this.#notBefore);
  }

  get notAfter(): Date {
    return new Date(this.#notAfter);
  }

  /** Signs as `signatureAlgorithm` says; EC signatures are the raw pair r‖s that JWTs carry (RFC 7518 section 3.4). */
  async sign(data: Uint8Array): Promise<Uint8Array> {
    assertArguments("BindingCertificate.sign", { data }, {}, RULES.sign);
    return assertSignature(this.signatureAlgorithm, await this.#key.sign(this.signatureAlgorithm, data));
  }

  /**
   * The TLS context that presents this certificate; the same options give the same context, since making one costs milliseconds.
   *
   * @throws {MtlsPopError} `invalid_options`, `certificate_key_unsupported` when OpenSSL takes it for too weak
   */
  secureContext(options: BindingTlsOptions = {}): SecureContext {
    assertOptions("BindingCertificate.secureContext", options, RULES.secureContext);
    const { ca, minVersion = "TLSv1.2", maxVersion = "TLSv1.3" } = options;
    const profile = [minVersion, maxVersion, ...(ca ?? ["default roots"])].join("\n");
    const known = this.#contexts.get(profile);
    if (known) return known;
    if (minVersion > maxVersion) throw new MtlsPopError("invalid_options", `minVersion is ${minVersion}, but maxVersion is ${maxVersion}.`);
    const context = assertSecureContext(this.#key.secureContext(this.#chainPem, { ca, minVersion, maxVersion }));
    this.#contexts.set(profile, context);
    return context;
  }

  /**
   * Refuses the certificate outside its validity.
   *
   * @throws {MtlsPopError} `certificate_expired`, `certificate_not_yet_valid`; `invalid_options` for a date that is none
   */
  assertValidAt(now: Date): void {
    const time = now instanceof Date ? now.getTime() : Number.NaN;
    if (time >= this.#notBefore && time <= this.#notAfter) return;
    if (Number.isNaN(time)) {
      throw new MtlsPopError("invalid_options", "A certificate's validity is judged by a date, but the time given is none.", {
        help: "If you gave `now` or `clock`, let it return milliseconds since the epoch.",
      });
    }
    const early = time < this.#notBefore;
    throw new MtlsPopError(
      early ? "certificate_not_yet_valid" : "certificate_expired",
      `The certificate "${this.subject}" (${this.thumbprint}) ${early ? "is valid from" : "expired at"} ${(early ? this.notBefore : this.notAfter).toISOString()}; the clock says ${now.toISOString()}.`,
      { help: early ? "Wait until then, or set this machine's clock." : "Renew it and register the new one, or set this machine's clock." },
    );
  }

  /** Subject, thumbprint and validity: what is fit for a log. */
  toJSON(): Record<string, string> {
    return {
      subject: this.subject,
      thumbprint: this.thumbprint,
      notBefore: this.notBefore.toISOString(),
      notAfter: this.notAfter.toISOString(),
    };
  }

  static {
    Object.defineProperty(BindingCertificate.prototype, inspect.custom, {
      value(this: BindingCertificate): string {
        return `BindingCertificate ${inspect(this.toJSON())}`;
      },
    });
  }
}
