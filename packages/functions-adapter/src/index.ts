export type { ReservedClientName } from "@mtls-pop/core";
export { isMtlsPopError, MtlsPopError } from "@mtls-pop/core";
export type { AcquireToken, BoundClients } from "./bound-clients.js";
export type { MtlsPopOptions } from "./mtls-pop-options.js";
export type { WrappedHandler, WrappedResult } from "./with-mtls-pop.js";
export { withMtlsPop } from "./with-mtls-pop.js";
