export type { MtlsPopCredentialOptions } from "./mtls-pop-credential.js";
export { MtlsPopCredential } from "./mtls-pop-credential.js";
export type { MtlsPopHttpClient, MtlsPopHttpClientOptions } from "./mtls-pop-http-client.js";
export { createMtlsPopHttpClient } from "./mtls-pop-http-client.js";
