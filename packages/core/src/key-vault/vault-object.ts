/** What was asked of a vault. */
export interface VaultObject {
  /** A certificate's facts, or the secret of its name that has the key. */
  readonly kind: "certificate" | "secret";
  /** As a sentence begins with it. */
  readonly label: string;
  /** The vault's name, such as `contoso`. */
  readonly vault: string;
}
