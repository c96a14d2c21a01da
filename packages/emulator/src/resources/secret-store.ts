import { ObjectStore, type ObjectVersion } from "./key-vault-objects.js";

/** A secret as it is put in. */
export interface SecretInput {
  readonly value: string;
  readonly contentType?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** @default true */
  readonly enabled?: boolean;
  readonly notBefore?: Date;
  readonly expiresOn?: Date;
}

/** One version of a secret. */
export interface StoredSecret extends SecretInput, ObjectVersion {
  readonly tags?: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  /** Of the certificate that the secret belongs to, in whose name the vault keeps it. */
  readonly certificateVersion?: string;
}

/** The secrets of the vaults. */
export class SecretStore extends ObjectStore<StoredSecret> {
  /**
   * Adds a version.
   *
   * @throws {TypeError} for a name that no vault takes
   */
  set(name: string, secret: string | SecretInput): StoredSecret {
    const input = typeof secret === "string" ? { value: secret } : secret;
    return this.keep(this.stamp("secret", name, { enabled: true, ...input }));
  }

  /** Adds what a vault keeps for a version of a certificate. */
  setForCertificate(name: string, secret: SecretInput, certificateVersion: string): StoredSecret {
    return this.keep(this.stamp("secret", name, { enabled: true, ...secret, certificateVersion }));
  }
}
