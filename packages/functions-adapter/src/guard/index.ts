export type { RequireMtlsPopOptions } from "./guard-options.js";
export type { GuardedResult } from "./require-mtls-pop.js";
export { requireMtlsPop } from "./require-mtls-pop.js";
