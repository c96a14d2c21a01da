import { X509Certificate } from "node:crypto";
import { type ObjectChanges, ObjectStore, type ObjectVersion } from "./key-vault-objects.js";
import type { SecretStore } from "./secret-store.js";

/** What a vault says of a secret that holds a certificate: in which form it is, as the policy has it. */
export type CertificateContentType = "application/x-pem-file" | "application/x-pkcs12";

/** What a certificate is to be in the vault. */
export interface CertificateInput {
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Whether its secret has the private key. @default true */
  readonly exportable?: boolean | undefined;
  /** The same certificate, chain and key as a PFX in base64, without a password: the secret then has this. @default the PEM */
  readonly pfx?: string | undefined;
}

/** One version of a certificate; its private key is in the secret of the same name and version's order. */
export interface StoredCertificate extends ObjectVersion {
  readonly der: Buffer;
  readonly exportable: boolean;
  readonly contentType: CertificateContentType;
  /** Of the secret that has certificate and key. */
  readonly secretVersion: string;
}

/** The certificates of the vaults. Each has a secret of its name, as in a real vault, with certificate, chain and key. */
export class CertificateStore extends ObjectStore<StoredCertificate> {
  readonly #secrets: SecretStore;

  constructor(secrets: SecretStore) {
    super();
    this.#secrets = secrets;
  }

  /**
   * Adds a version.
   *
   * @param pem certificate, chain and unencrypted private key
   * @throws {TypeError} for a name that no vault takes, or a text without a certificate or without a key
   */
  import(name: string, pem: string, { tags, exportable = true, pfx }: CertificateInput = {}): StoredCertificate {
    const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    const [leaf] = certificates;
    if (leaf === undefined || !/-----BEGIN (?:EC |RSA )?PRIVATE KEY-----/.test(pem)) {
      throw new TypeError("A certificate is imported as PEM, with its private key.");
    }
    const { raw: der, validFrom, validTo } = new X509Certificate(leaf);
    const contentType: CertificateContentType = pfx === undefined ? "application/x-pem-file" : "application/x-pkcs12";
    const facts = this.stamp("certificate", name, { enabled: true, der, exportable, contentType, ...(tags ? { tags } : {}) });
    const value = pfx ?? (exportable ? pem : certificates.join("\n"));
    const secret = { value, contentType, notBefore: new Date(validFrom), expiresOn: new Date(validTo) };
    const { version: secretVersion } = this.#secrets.setForCertificate(name, secret, facts.version);
    return this.keep({ ...facts, secretVersion });
  }

  /** Changes certificate and secret alike. */
  override update(name: string, version: string | undefined, changes: ObjectChanges): StoredCertificate | undefined {
    const updated = super.update(name, version, changes);
    if (updated) this.#secrets.update(name, updated.secretVersion, changes);
    return updated;
  }

  override softDelete(name: string): ReturnType<ObjectStore<StoredCertificate>["softDelete"]> {
    this.#secrets.softDelete(name);
    return super.softDelete(name);
  }

  override recover(name: string): StoredCertificate | undefined {
    this.#secrets.recover(name);
    return super.recover(name);
  }

  override purge(name: string): boolean {
    this.#secrets.purge(name);
    return super.purge(name);
  }
}
