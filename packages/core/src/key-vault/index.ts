export { certificateFromKeyVault } from "./certificate-from-key-vault.js";
export type { CertificateFromKeyVaultOptions, KeyVaultClientOptions } from "./key-vault-options.js";
