import { isMtlsPopError, type MtlsPopError, type MtlsPopErrorCode } from "../errors.js";
import { isStreaming } from "../resource/request-body.js";
import { isRepeatable } from "../transport/resource-request.js";
import type { SdkRequest } from "./sdk-request.js";

/** Failures of a connection; everything else is no reason to try again, and is told as it is. */
const OF_THE_CONNECTION: ReadonlySet<MtlsPopErrorCode> = new Set(["network_error", "timeout", "tls_handshake_failed"]);

/** Node's codes for a connection that never came about, so that nothing was sent. */
const NEVER_SENT: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND"]);

/** What the SDK looks for where the system says nothing: a proxy that may open a tunnel later refuses the connection. */
const WITHOUT_SYSTEM_CODE: Partial<Record<MtlsPopErrorCode, string>> = { timeout: "ETIMEDOUT", proxy_refused: "ECONNREFUSED" };

/** The code that is in none of the SDK's lists of what may be tried again. */
const NOT_REPEATED = "REQUEST_NOT_REPEATED";

/**
 * A `RestError`, which the SDK knows by its name: its class lies in a package that only the SDK client has. `code` is what the SDK's retry
 * policies look at.
 */
class PipelineError extends Error {
  override readonly name = "RestError";
  readonly code: string;
  declare readonly request: SdkRequest;

  constructor(message: string, code: string, request: SdkRequest, cause: unknown) {
    super(message, { cause });
    this.code = code;
    // as the SDK has it, for the sake of logs
    Object.defineProperty(this, "request", { value: request, enumerable: false });
  }
}

/**
 * What the SDK is told of a failed call: of a lost connection a `RestError`, which its retry policy tries again where that does no harm.
 * The original is the `cause`.
 */
export function pipelineError(error: unknown, request: SdkRequest): unknown {
  if (!isMtlsPopError(error) || !isOfTheConnection(error)) return error;
  const code = systemCode(error) ?? WITHOUT_SYSTEM_CODE[error.code];
  const { method } = request;
  const sentOnce = isStreaming(request.body);
  const isHarmless = code !== undefined && (NEVER_SENT.has(code) || isRepeatable({ method, replayable: true }));
  if (error.retryable && isHarmless && !sentOnce) return new PipelineError(error.message, code, request, error);
  // without the system's words, since the retry policy of Storage looks for those in the message as well
  const why = sentOnce ? "whose body is a stream, which is sent once only" : "which may have been carried out: it is not sent again";
  const message = error.retryable
    ? `The connection was lost on a ${method} request, ${why}. The cause says more.`
    : `The connection of a ${method} request failed for a reason that stays. The cause says more.`;
  return new PipelineError(message, NOT_REPEATED, request, error);
}

/** A proxy's refusal that stays is told in its own words. */
function isOfTheConnection({ code, retryable }: MtlsPopError): boolean {
  return OF_THE_CONNECTION.has(code) || (code === "proxy_refused" && retryable);
}

/** Node's code at the end of a chain of causes. */
function systemCode(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isMtlsPopError(cause)) continue;
    const code: unknown = Reflect.get(cause, "code");
    if (typeof code === "string") return code;
  }
  return undefined;
}
