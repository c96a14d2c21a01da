import type { MtlsPopError } from "@mtls-pop/functions-adapter";

/**
 * What of an error may be shown to whoever has a key: what was refused in the service's words, what to do about it, and the numbers that
 * support asks for. No token, no key, no claims.
 */
export function failureState({ code, message, help, aadErrorCodes, statusCode, correlationId, retryable }: MtlsPopError) {
  return {
    code,
    message,
    ...(help !== undefined && { help }),
    ...(aadErrorCodes && { aadErrorCodes }),
    ...(statusCode !== undefined && { statusCode }),
    ...(correlationId !== undefined && { correlationId }),
    retryable,
  };
}
