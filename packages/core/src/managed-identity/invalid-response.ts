import { MtlsPopError } from "../errors.js";
import { record } from "../internal/options.js";

/**
 * The error for an answer that says yes and cannot be used.
 *
 * @param call what was called, such as `issuecredential`
 * @param what completes "The answer of … "
 */
export function invalidResponse(call: string, what: string, correlationId: string | undefined, cause?: unknown): MtlsPopError {
  return new MtlsPopError("invalid_managed_identity_response", `The answer of ${call} ${what}.`, {
    correlationId,
    cause,
    help: "Something else than Azure's endpoint may have answered in its place, such as a proxy or a pod identity controller.",
  });
}

/**
 * The members of an answer's JSON.
 *
 * @throws {MtlsPopError} `invalid_managed_identity_response`
 */
export function answerOf(call: string, body: string, correlationId: string): Readonly<Record<string, unknown>> {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    // the parser's message quotes the text, which may hold a token
    throw invalidResponse(call, `is not JSON (${body.length} characters)`, correlationId);
  }
  if (!record.test(answer)) throw invalidResponse(call, "is no JSON object", correlationId);
  return answer as Readonly<Record<string, unknown>>;
}
