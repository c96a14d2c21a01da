export type { MtlsPopErrorCode, MtlsPopErrorKind, MtlsPopErrorOptions } from "./errors.js";
export { ERROR_CODES, isMtlsPopError, MtlsPopError } from "./errors.js";
