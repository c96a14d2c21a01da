import { X509Certificate } from "node:crypto";
import { ObjectStore, type ObjectVersion } from "./key-vault-objects.js";
import type { SecretStore } from "./secret-store.js";

/** What a vault says a secret is that holds a certificate in PEM. */
export const PEM_CONTENT_TYPE = "application/x-pem-file";

/** One version of a certificate; its private key is in the secret of the same name and version's order. */
export interface StoredCertificate extends ObjectVersion {
  readonly der: Buffer;
  /** Of the secret that has certificate and key. */
  readonly secretVersion: string;
}

/** The certificates of the vaults. Each has a secret of its name, as in a real vault, with certificate, chain and key in PEM. */
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
  import(name: string, pem: string, tags?: Readonly<Record<string, string>>): StoredCertificate {
    const [leaf] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(pem) ?? [];
    if (leaf === undefined || !/-----BEGIN (?:EC |RSA )?PRIVATE KEY-----/.test(pem)) {
      throw new TypeError("A certificate is imported as PEM, with its private key.");
    }
    const der = new X509Certificate(leaf).raw;
    const facts = this.stamp("certificate", name, { enabled: true, der, ...(tags ? { tags } : {}) });
    const { version: secretVersion } = this.#secrets.set(name, { value: pem, contentType: PEM_CONTENT_TYPE });
    return this.keep({ ...facts, secretVersion });
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
