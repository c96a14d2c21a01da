export type { Emulator } from "./emulator.js";
export { startEmulator } from "./emulator.js";
export type { EmulatorOptions } from "./emulator-options.js";
export type { AadstsCode } from "./entra/aadsts.js";
export type { TokenSettings } from "./entra/access-token.js";
export type { ApplicationOptions } from "./entra/application-options.js";
export type { Application, ApplicationRegistry } from "./entra/application-registry.js";
export type { Fault, FaultKind, FaultTarget } from "./faults/fault.js";
export type { FaultList, PendingFault } from "./faults/fault-list.js";
export type { LogEntry } from "./functions-host/function-app.js";
export type { FunctionsHost, FunctionsHostOptions, HostedFunction } from "./functions-host/functions-host.js";
export { startFunctionsHost } from "./functions-host/functions-host.js";
export type { InstanceMetadata, ScriptedAnswer } from "./instance-metadata/instance-metadata.js";
export type { LocalApp, LocalAppEnvironment, LocalAppOptions } from "./local-app/local-app.js";
export { prepareLocalApp } from "./local-app/local-app.js";
export type { LocalIdentityApp, LocalIdentityAppEnvironment, LocalIdentityAppOptions } from "./local-app/local-identity-app.js";
export { prepareLocalIdentityApp } from "./local-app/local-identity-app.js";
export type { AppService } from "./managed-identity/app-service.js";
export type { Attestation } from "./managed-identity/attestation-server.js";
export type { ManagedIdentities } from "./managed-identity/managed-identities.js";
export type { ManagedIdentity, ManagedIdentityOptions } from "./managed-identity/managed-identity.js";
export type { IssueCertificateOptions } from "./pki/certificate-authority.js";
export type { IssuedCertificate } from "./pki/issued-certificate.js";
export type { KeyType } from "./pki/key-type.js";
export type { RecordedRequest, ServerName } from "./record/recorded-request.js";
export type { CustomApi, CustomApiSettings } from "./resources/custom-api.js";
export type { EchoedCall } from "./resources/custom-api-routes.js";
export type { Graph } from "./resources/graph.js";
export type { KeyVault, KeyVaultSettings } from "./resources/key-vault.js";
export type {
  CertificateContentType,
  CertificateInput,
  CertificateStore,
  StoredCertificate,
} from "./resources/key-vault-certificate-store.js";
export type { DeletedObject, ObjectChanges, ObjectStore, ObjectVersion } from "./resources/key-vault-objects.js";
export type { SecretInput, SecretStore, StoredSecret } from "./resources/secret-store.js";
export type { StreamedAnswer } from "./resources/streamed-answer.js";
export type { Vault, VaultCollection, VaultMode, VaultNetwork } from "./resources/vault.js";
export type { TlsVersions } from "./server/tls-options.js";
