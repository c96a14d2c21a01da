export type { ReservedClientName } from "@mtls-pop/core";
export { isMtlsPopError, MtlsPopError } from "@mtls-pop/core";
export type { AcquireToken, BoundClients } from "./bound-clients.js";
export type { SettingsTokens } from "./credentials/credential.js";
export type { MtlsPopOptions } from "./mtls-pop-options.js";
export { tokensFromSettings } from "./tokens-from-settings.js";
export type { WrappedHandler, WrappedResult } from "./with-mtls-pop.js";
export { withMtlsPop } from "./with-mtls-pop.js";
