import { createPrivateKey, createPublicKey, KeyObject, X509Certificate } from "node:crypto";
import { assertKnownOptions } from "../options/known-options.js";
import { CertificateIssuer } from "./certificate-issuer.js";
import { type IssuedCertificate, issuedCertificate } from "./issued-certificate.js";
import { generatePrivateKey, type KeyType } from "./key-type.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** What a client certificate is to be. */
export interface IssueCertificateOptions {
  /** Distinguished name. @default "CN=emulated-application" */
  subject?: string;
  /** Ignored when `privateKey` is given. @default "RSA-2048" */
  keyType?: KeyType;
  /** @default five minutes ago, or a day before `notAfter` when that has passed */
  notBefore?: Date;
  /** May have passed, for an expired one. @default 90 days after now, or after `notBefore` when that is to come */
  notAfter?: Date;
  /** The key of an earlier certificate, PEM or KeyObject: a renewal. @default a new key */
  privateKey?: string | KeyObject;
  /** Signed by the intermediate, which then stands in `chainPem`, instead of by the root. @default false */
  intermediate?: boolean;
}

const OPTIONS = [
  "subject",
  "keyType",
  "notBefore",
  "notAfter",
  "privateKey",
  "intermediate",
] as const satisfies (keyof IssueCertificateOptions)[];

/** What the authority says of a certificate. */
export type CertificateStanding = "good" | "unknown-issuer" | "not-yet-valid" | "expired" | "revoked";

/** Certificate and key of a TLS server; the certificate is followed by its intermediate. */
export interface ServerCredentials {
  readonly cert: string;
  readonly key: string;
}

/** A root, an intermediate and what they sign, made at start-up and gone with the process. */
export class CertificateAuthority {
  readonly #root: CertificateIssuer;
  readonly #intermediate: CertificateIssuer;
  readonly #machines: CertificateIssuer;
  readonly #serverKey: KeyObject;
  readonly #serverCredentials = new Map<string, Promise<ServerCredentials>>();
  readonly #revoked = new Set<string>();

  private constructor(root: CertificateIssuer, intermediate: CertificateIssuer, machines: CertificateIssuer, serverKey: KeyObject) {
    this.#root = root;
    this.#intermediate = intermediate;
    this.#machines = machines;
    this.#serverKey = serverKey;
  }

  /** Makes a new authority with keys of its own. */
  static async create(): Promise<CertificateAuthority> {
    const now = Date.now();
    // ten years back, so that a certificate that expired long ago was valid within its chain
    const root = await CertificateIssuer.root("CN=Emulator Root", new Date(now - 10 * YEAR_MS), new Date(now + 10 * YEAR_MS));
    return new CertificateAuthority(
      root,
      await root.intermediate("CN=Emulator Intermediate"),
      await root.intermediate("CN=Emulator Managed Identity"),
      await generatePrivateKey("EC-P256"),
    );
  }

  /** The root, the one certificate that a client has to trust. */
  get rootPem(): string {
    return this.#root.certificatePem;
  }

  get intermediatePem(): string {
    return this.#intermediate.certificatePem;
  }

  /**
   * Issues a client certificate.
   *
   * @throws {TypeError} for an unknown option
   * @throws {RangeError} when it would end before it begins
   */
  async issueCertificate(options: IssueCertificateOptions = {}): Promise<IssuedCertificate> {
    assertKnownOptions("issueCertificate", options, OPTIONS);
    const { subject = "CN=emulated-application", keyType = "RSA-2048", privateKey: given, intermediate = false } = options;
    const privateKey =
      given === undefined ? await generatePrivateKey(keyType) : given instanceof KeyObject ? given : createPrivateKey(given);
    const issuer = intermediate ? this.#intermediate : this.#root;
    const leafPem = await issuer.issue({ subject, publicKey: createPublicKey(privateKey), ...validity(options), usage: "client" });
    return issuedCertificate(leafPem, privateKey, intermediate ? [this.intermediatePem] : []);
  }

  /**
   * Issues the certificate of a managed identity, for a key that the caller keeps; it begins now.
   *
   * @param subject distinguished name in DER
   * @returns DER
   */
  async issueIdentityCertificate(subject: Uint8Array, publicKey: KeyObject, lifeSeconds: number): Promise<Buffer> {
    // certificates know whole seconds
    const start = Math.floor(Date.now() / 1000) * 1000;
    const validity = { notBefore: new Date(start), notAfter: new Date(start + lifeSeconds * 1000) };
    return new X509Certificate(await this.#machines.issue({ subject, publicKey, ...validity, usage: "client" })).raw;
  }

  /** Whether a certificate was issued for a managed identity. */
  issuedIdentity(certificate: X509Certificate): boolean {
    return this.#machines.signed(certificate);
  }

  /** The certificate of a server name, issued when it is first asked for; all names share one key. */
  serverCredentials(name: string): Promise<ServerCredentials> {
    let credentials = this.#serverCredentials.get(name);
    if (!credentials) {
      credentials = this.#issueServerCertificate(name);
      this.#serverCredentials.set(name, credentials);
    }
    return credentials;
  }

  /** Refuses a certificate from now on. */
  revoke(certificate: string | Buffer): void {
    this.#revoked.add(new X509Certificate(certificate).fingerprint256);
  }

  /**
   * Whether a certificate came from here and is in force.
   *
   * @param certificate PEM or DER
   */
  standing(certificate: string | Buffer, now: Date = new Date()): CertificateStanding {
    const leaf = new X509Certificate(certificate);
    if (![this.#root, this.#intermediate, this.#machines].some((issuer) => issuer.signed(leaf))) return "unknown-issuer";
    if (this.#revoked.has(leaf.fingerprint256)) return "revoked";
    if (now < new Date(leaf.validFrom)) return "not-yet-valid";
    return now > new Date(leaf.validTo) ? "expired" : "good";
  }

  async #issueServerCertificate(name: string): Promise<ServerCredentials> {
    const leafPem = await this.#intermediate.issue({
      subject: `CN=${name}`,
      publicKey: createPublicKey(this.#serverKey),
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + YEAR_MS),
      usage: "server",
      dnsNames: [name],
    });
    const { chainPem, privateKeyPem } = issuedCertificate(leafPem, this.#serverKey, [this.intermediatePem]);
    return { cert: chainPem, key: privateKeyPem };
  }
}

function validity({ notBefore, notAfter }: IssueCertificateOptions): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  const start = notBefore?.getTime() ?? Math.min(now - 5 * MINUTE_MS, (notAfter?.getTime() ?? now) - DAY_MS);
  const end = notAfter?.getTime() ?? Math.max(now, start) + 90 * DAY_MS;
  if (end <= start) throw new RangeError("A certificate's notAfter must come after its notBefore.");
  return { notBefore: new Date(start), notAfter: new Date(end) };
}
