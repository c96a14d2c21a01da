import { assertKnownOptions } from "./options/known-options.js";
import type { CustomApiSettings } from "./resources/custom-api.js";
import type { KeyVaultSettings } from "./resources/key-vault.js";

/** What an emulator is to be. */
export interface EmulatorOptions {
  /** The tenant. @default "11111111-2222-3333-4444-555555555555" */
  tenantId?: string;
  /** Further tenants by id, or domain names of the first; all know the same applications. @default none */
  tenants?: readonly string[];
  /** Also answers as the login, mtlsauth, vault and Graph names of Microsoft's clouds. @default false */
  clouds?: boolean;
  /** The regions whose names are answered. @default all */
  regions?: readonly string[];
  /** What tokens the vaults take, and over which TLS. @default bound ones alone, TLS 1.2 and 1.3 */
  keyVault?: KeyVaultSettings;
  /** What tokens the custom API takes, and over which TLS. @default `pop` for `api://orders`, TLS 1.2 and 1.3 */
  customApi?: CustomApiSettings;
}

const OPTIONS = ["tenantId", "tenants", "clouds", "regions", "keyVault", "customApi"] as const satisfies (keyof EmulatorOptions)[];
const KEY_VAULT = ["mode", "minVersion", "maxVersion"] as const satisfies (keyof KeyVaultSettings)[];
const CUSTOM_API = ["audience", "schemes", "minVersion", "maxVersion"] as const satisfies (keyof CustomApiSettings)[];

/**
 * Checks the options of a caller without types.
 *
 * @throws {TypeError} which names an unknown option and the known ones
 */
export function assertEmulatorOptions(options: EmulatorOptions): void {
  assertKnownOptions("startEmulator", options, OPTIONS);
  assertKnownOptions("startEmulator", options.keyVault ?? {}, KEY_VAULT, "keyVault");
  assertKnownOptions("startEmulator", options.customApi ?? {}, CUSTOM_API, "customApi");
}
