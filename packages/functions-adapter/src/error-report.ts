import type { HttpResponseInit, InvocationContext } from "@azure/functions";
import type { MtlsPopError } from "@mtls-pop/core";

/** A wait of a day is as good as any longer one, and no number that a header cannot hold. */
const MAX_RETRY_AFTER_SECONDS = 24 * 60 * 60;

/** Writes an error into the function's log: code, what happened, what to do, and the numbers that support asks for. */
export function logError(context: InvocationContext, error: MtlsPopError): void {
  const facts = [
    error.correlationId && `correlation id ${error.correlationId}`,
    error.statusCode && `status ${error.statusCode}`,
    error.aadErrorCodes?.length && `AADSTS ${error.aadErrorCodes.join(", ")}`,
  ].filter(Boolean);
  // the message ends with the help; a server's words in it may have line breaks, which would look like entries of their own
  const line = `[mtls-pop] ${error.code}: ${error.message}${facts.length > 0 ? ` (${facts.join("; ")})` : ""}`;
  context.error(line.replaceAll(/[\r\n]+/g, " "));
}

/**
 * What an HTTP caller learns: the code, and an id to look the rest up in the log with. 503 when trying again can help, else 500.
 *
 * The id is the failed request's `client-request-id` or, when no request was made, the invocation's.
 */
export function errorResponse(context: InvocationContext, error: MtlsPopError): HttpResponseInit {
  const { code, retryable, retryAfterSeconds, correlationId = context.invocationId } = error;
  const wait = retryAfter(retryAfterSeconds);
  return {
    status: retryable || wait !== undefined ? 503 : 500,
    headers: { "cache-control": "no-store", ...(wait !== undefined && { "retry-after": wait }) },
    jsonBody: { error: { code, correlationId } },
  };
}

/** Whole seconds, or nothing for what is no time. */
function retryAfter(seconds: number | undefined): string | undefined {
  const whole = Math.min(Math.ceil(Number(seconds)), MAX_RETRY_AFTER_SECONDS);
  return whole >= 0 ? String(whole) : undefined;
}
