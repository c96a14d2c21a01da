import {
  assertManagedIdentityOptions,
  type ManagedIdentity,
  type ManagedIdentityOptions,
  systemAssignedIdentity,
  userAssignedIdentity,
} from "./managed-identity.js";

const WEEK_SECONDS = 604_800;

/** The identities that the emulated machine has, and how their tokens and certificates are given; may be changed at any time. */
export class ManagedIdentities {
  /** What the machine's metadata service offers: with 1, the paths of version 2 are not there. @default 2 */
  imdsVersion: 1 | 2 = 2;
  /** Whether a certificate is issued for a key that nobody has attested. @default "optional" */
  attestation: "required" | "optional" = "optional";
  /** Life of a certificate that is issued from now on. @default 604800, seven days */
  certificateLifeSeconds: number = WEEK_SECONDS;
  /** Whether the machine has an identity of its own. @default true */
  systemAssignedEnabled = true;
  /** The machine's own identity. */
  readonly systemAssigned: ManagedIdentity;
  readonly #userAssigned = new Map<string, ManagedIdentity>();

  constructor(tenantId: string) {
    this.systemAssigned = systemAssignedIdentity(tenantId);
  }

  /**
   * Attaches a user-assigned identity to the machine, or replaces one of the same client id.
   *
   * @throws {TypeError} for an unknown or ill-typed option
   */
  register(options: ManagedIdentityOptions = {}): ManagedIdentity {
    assertManagedIdentityOptions(options);
    const identity = userAssignedIdentity(options, this.systemAssigned.tenantId);
    this.#userAssigned.set(identity.clientId.toLowerCase(), identity);
    return identity;
  }

  /** Finds an identity by its client id, in any case. */
  get(clientId: string): ManagedIdentity | undefined {
    return [...this].find((identity) => identity.clientId.toLowerCase() === clientId.toLowerCase());
  }

  /** Detaches a user-assigned identity. */
  remove(clientId: string): boolean {
    return this.#userAssigned.delete(clientId.toLowerCase());
  }

  *[Symbol.iterator](): IterableIterator<ManagedIdentity> {
    if (this.systemAssignedEnabled) yield this.systemAssigned;
    yield* this.#userAssigned.values();
  }
}
