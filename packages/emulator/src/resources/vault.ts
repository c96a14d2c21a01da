import { CertificateStore } from "./key-vault-certificate-store.js";
import { SecretStore } from "./secret-store.js";

/** `enforce`: bound tokens alone. `optional`: unbound Bearer tokens as well. */
export type VaultMode = "enforce" | "optional";

/** Who reaches a vault: `firewall` lets no public address in, `private-endpoint` takes no public connection at all. */
export type VaultNetwork = "open" | "firewall" | "private-endpoint";

/** What a vault has, each kind with roles of its own. */
export type VaultCollection = "secrets" | "certificates";

/** One emulated vault; what it has and whom it lets in may be changed at any time. */
export class Vault {
  /** `https://contoso.vault.emulator.localhost:{port}` */
  readonly url: string;
  readonly secrets: SecretStore = new SecretStore();
  readonly certificates: CertificateStore = new CertificateStore(this.secrets);
  mode: VaultMode;
  /** @default "open" */
  network: VaultNetwork = "open";
  readonly #permitted = new Map<VaultCollection, ReadonlySet<string>>();

  constructor(url: string, mode: VaultMode) {
    this.url = url;
    this.mode = mode;
  }

  /**
   * Gives a role to these applications alone, or to all again; the others get 403.
   *
   * @param of what the role is for. @default both
   */
  restrictTo(clientIds: readonly string[] | "everyone", of?: VaultCollection): void {
    for (const collection of of === undefined ? (["secrets", "certificates"] as const) : [of]) {
      if (clientIds === "everyone") this.#permitted.delete(collection);
      else this.#permitted.set(collection, new Set(clientIds));
    }
  }

  /** Whether an application has a role for a collection. */
  permits(clientId: string, collection: VaultCollection): boolean {
    return this.#permitted.get(collection)?.has(clientId) ?? true;
  }
}
