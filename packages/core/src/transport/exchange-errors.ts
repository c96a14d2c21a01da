import { MtlsPopError } from "../errors.js";
import { MAX_HEAD_BYTES } from "./answer.js";
import type { Endpoint } from "./endpoint.js";
import { type ResourceRequest, whyNotRepeatable } from "./resource-request.js";
import { transportError } from "./transport-errors.js";

/** What a connection fails with that the other side closed without a word. */
const CLOSED = new Set(["ECONNRESET", "EPIPE"]);

/** Whether the other side closed the connection without a word. */
export function isClosed({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && CLOSED.has(code);
}

/** A server whose TLS 1.3 refuses a certificate does so after the handshake, and some do it without an alert. */
const REFUSED_PERHAPS = "If it happens each time, the server may refuse this client certificate.";

/**
 * The error for a connection that was lost before an answer, and whose request is not sent again.
 *
 * @param wasUsed whether the connection had carried an answer before
 */
export function lostError(cause: NodeJS.ErrnoException, { endpoint }: ResourceRequest, wasUsed: boolean): MtlsPopError {
  if (cause.code === "HPE_HEADER_OVERFLOW") return headTooLongError(cause, endpoint);
  if (wasUsed || !isClosed(cause)) return transportError(cause, endpoint.authority);
  return new MtlsPopError(
    "network_error",
    `${endpoint.authority} closed a new connection before it answered: ${cause.message} (${cause.code}).`,
    { cause, help: `Check that this network reaches the host. ${REFUSED_PERHAPS}` },
  );
}

function headTooLongError(cause: NodeJS.ErrnoException, { authority }: Endpoint): MtlsPopError {
  return new MtlsPopError("network_error", `${authority} sent an answer whose head is longer than ${MAX_HEAD_BYTES} bytes.`, {
    cause,
    retryable: false,
    help: "Look for cookies or other headers that grow, and have the server send less.",
  });
}

/** The error for a request that is not sent again although its connection may have been closed before it was sent. */
export function notRepeatedError(cause: unknown, request: ResourceRequest, wasUsed: boolean): MtlsPopError {
  const { endpoint, method } = request;
  const why = whyNotRepeatable(request) ?? (request.resends.resetsAreRetried ? "was sent a second time already" : "is not retried");
  const which = wasUsed ? "a kept-alive connection" : "a connection that was opened ahead";
  return new MtlsPopError("network_error", `${endpoint.authority} closed ${which} before it answered, and the ${method} request ${why}.`, {
    cause,
    help: `It may have been carried out: find out before you send it again.${wasUsed ? "" : ` ${REFUSED_PERHAPS}`}`,
  });
}

/** The error for a request that no connection became free for. */
export function allBusyError({ authority }: Endpoint, maxConnections: number, timeoutMs: number): MtlsPopError {
  return new MtlsPopError("timeout", `The connections to ${authority} (at most ${maxConnections}) were all in use for ${timeoutMs} ms.`, {
    help: "Read or cancel the body of each answer; if that is done, raise `maxConnectionsPerOrigin`.",
  });
}
