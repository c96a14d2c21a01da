import type { HttpResponseInit, InvocationContext } from "@azure/functions";
import type { MtlsPopError } from "@mtls-pop/core";

/** Writes an error into the function's log: code, what happened, what to do, and the numbers that support asks for. */
export function logError(context: InvocationContext, error: MtlsPopError): void {
  const facts = [
    error.correlationId && `correlation id ${error.correlationId}`,
    error.statusCode && `status ${error.statusCode}`,
    error.aadErrorCodes?.length && `AADSTS ${error.aadErrorCodes.join(", ")}`,
  ].filter(Boolean);
  // the message ends with the help
  context.error(`[mtls-pop] ${error.code}: ${error.message}${facts.length > 0 ? ` (${facts.join("; ")})` : ""}`);
}

/**
 * What an HTTP caller learns: the code, and an id to look the rest up in the log with. 503 when trying again can help, else 500.
 *
 * The id is the failed request's `client-request-id` or, when no request was made, the invocation's.
 */
export function errorResponse(context: InvocationContext, error: MtlsPopError): HttpResponseInit {
  const { code, retryable, retryAfterSeconds, correlationId = context.invocationId } = error;
  const wait = retryAfterSeconds === undefined ? undefined : Math.max(0, Math.ceil(retryAfterSeconds));
  return {
    status: retryable || wait !== undefined ? 503 : 500,
    headers: { "cache-control": "no-store", ...(wait !== undefined && { "retry-after": String(wait) }) },
    jsonBody: { error: { code, correlationId } },
  };
}
