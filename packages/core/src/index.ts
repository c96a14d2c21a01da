export type { AuthenticationResultFields, AuthenticationResultMetadata } from "./application/authentication-result.js";
export { AuthenticationResult } from "./application/authentication-result.js";
export type { BoundToken, BoundTokenRequest, BoundTokenSource } from "./application/bound-token-source.js";
export type {
  ClientAssertionCallback,
  ClientAssertionRequest,
  ClientAssertionSource,
  ClientSignedAssertion,
} from "./application/client-assertion-source.js";
export { ConfidentialClientApplication } from "./application/confidential-client-application.js";
export type {
  ClientCredentialRequest,
  ConfidentialClientBaseOptions,
  ConfidentialClientOptions,
} from "./application/confidential-client-options.js";
export { ManagedIdentityApplication } from "./application/managed-identity-application.js";
export type { ManagedIdentityOptions, ManagedIdentityRequest } from "./application/managed-identity-options.js";
export type { BoundTokenApplication } from "./application/mtls-pop-token-acquirer.js";
export { MtlsPopTokenAcquirer } from "./application/mtls-pop-token-acquirer.js";
export type { DetectRegionOptions, RegionDetectorOptions } from "./authority/region-detector.js";
export { RegionDetector } from "./authority/region-detector.js";
export type { TokenEndpointAuthority } from "./authority/token-endpoint-authority.js";
export type { AppServiceCertificateChoice, CertificateFromAppServiceOptions } from "./certificate/app-service.js";
export { certificateFromAppService } from "./certificate/app-service.js";
export { BindingCertificate } from "./certificate/binding-certificate.js";
export type {
  BindingCertificateOptions,
  FromBindingKeyOptions,
  FromKeyObjectOptions,
  FromPemOptions,
  FromPfxOptions,
} from "./certificate/binding-certificate-options.js";
export type { BindingKey, BindingTlsOptions, SignatureAlgorithm } from "./certificate/binding-key.js";
export type { CertificateInput } from "./certificate/certificate-input.js";
export type { CertificateSource } from "./certificate/certificate-source.js";
export type { CertificateFromEnvironmentOptions } from "./certificate/environment.js";
export { certificateFromEnvironment } from "./certificate/environment.js";
export type { CertificateFromFileOptions } from "./certificate/file.js";
export { certificateFromFile } from "./certificate/file.js";
export type { MtlsPopErrorCode, MtlsPopErrorKind, MtlsPopErrorOptions } from "./errors.js";
export { ERROR_CODES, isMtlsPopError, MtlsPopError } from "./errors.js";
export type { CreateAssertionOptions } from "./federated/fic-assertion-provider.js";
export { FicAssertionProvider } from "./federated/fic-assertion-provider.js";
export type { FicLeg1AcquirerOptions, FicLeg1Request } from "./federated/fic-leg1-acquirer.js";
export { FicLeg1Acquirer } from "./federated/fic-leg1-acquirer.js";
export type { FicLeg2ExchangerOptions } from "./federated/fic-leg2-exchanger.js";
export { FicLeg2Exchanger } from "./federated/fic-leg2-exchanger.js";
export type { Leg1Token } from "./federated/leg1-token.js";
export type { TokenExchangeUrl } from "./federated/token-exchange-url.js";
export type { Clock } from "./internal/clock.js";
export type { Logger } from "./internal/logger.js";
export type { OptionRule } from "./internal/options.js";
export { assertOptions } from "./internal/options.js";
export type { AttestationProvider, AttestationRequest } from "./managed-identity/attestation.js";
export type { ManagedIdentityCapabilities, ManagedIdentityCapabilitiesOptions } from "./managed-identity/capabilities.js";
export { managedIdentityCapabilities } from "./managed-identity/capabilities.js";
export type { ManagedIdentityId } from "./managed-identity/managed-identity-id.js";
export type { ManagedIdentitySource } from "./managed-identity/source.js";
export { detectManagedIdentitySource } from "./managed-identity/source.js";
export type { AuthorizationScheme } from "./resource/authorization-scheme.js";
export type { UsableToken } from "./resource/bound-token.js";
export { assertBound } from "./resource/bound-token.js";
export type { NamedResources, PopClients, PopClientsOptions, ReservedClientName } from "./resource/pop-clients.js";
export { assertClientName, createPopClients } from "./resource/pop-clients.js";
export type { ConnectionOptions, FetchFunction, PopFetch, PopFetchOptions } from "./resource/pop-fetch.js";
export { createPopFetch } from "./resource/pop-fetch.js";
export type { ResourceOptions } from "./resource/resource.js";
export { assertResourceOptions, resourceScope } from "./resource/resource.js";
export type { ResourceCallerOptions, ResourceCallInit } from "./resource/resource-caller.js";
export { ResourceCaller } from "./resource/resource-caller.js";
export type { ResourceProfileName } from "./resource/resource-profile.js";
export type { RetryOptions } from "./resource/retry-options.js";
export type { TokenCacheOptions } from "./token/token-cache.js";
export { TokenCache } from "./token/token-cache.js";
export type { TokenType } from "./token/token-response.js";
export type { TokenStore } from "./token/token-store.js";
export type { TransportOptions } from "./transport/transport-options.js";
