import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import type { Clock } from "../internal/clock.js";
import { type ControlResponse, sendControlRequest } from "../transport/control-request.js";
import type { Transport } from "../transport/transport-options.js";
import { entraError } from "./entra-error.js";
import { serverError } from "./server-error.js";
import { serverRequestHeaders, tokenRequestHeaders } from "./token-request.js";

/** What is tried a second time, and when (PROTOCOL.md section 7). An answer with Retry-After is not: the throttle memory has it. */
const RETRY = {
  afterMs: 1000,
  statuses: (status: number): boolean => status >= 500,
  /** Codes of a connection that was lost after it stood. */
  lostConnection: new Set<unknown>(["ECONNRESET", "EPIPE"]),
} as const;

/** One token request on its way. */
export interface TokenExchange {
  readonly endpoint: URL;
  /** The form, encoded. */
  readonly body: string;
  /** Presented in the handshake; none for the classic flow. */
  readonly certificate: BindingCertificate | undefined;
  readonly correlationId: string;
  readonly signal: AbortSignal;
  /** Another server than Entra: it is told nothing of Entra's, and its errors are those of OAuth. @default false */
  readonly plainServer?: boolean;
}

/**
 * Posts a token request, once more where a second try can help.
 *
 * @returns the text of a 200 answer
 * @throws {MtlsPopError} the service's error, `network_error`, `tls_handshake_failed`, `timeout`
 */
export async function postTokenRequest(transport: Transport, clock: Clock, exchange: TokenExchange): Promise<string> {
  try {
    return await post(transport, clock, exchange);
  } catch (error) {
    if (!isWorthRetrying(error)) throw error;
  }
  await clock.sleep(RETRY.afterMs, exchange.signal);
  return post(transport, clock, exchange);
}

async function post(transport: Transport, clock: Clock, exchange: TokenExchange): Promise<string> {
  const { endpoint: url, body, certificate, correlationId, signal, plainServer } = exchange;
  const headers = plainServer ? serverRequestHeaders(correlationId) : tokenRequestHeaders(correlationId);
  const response = await sendControlRequest(transport, { method: "POST", url, headers, body, certificate, correlationId, signal });
  if (response.status !== 200) throw failure(response, exchange, clock);
  return response.body;
}

function failure({ status, headers, body }: ControlResponse, exchange: TokenExchange, clock: Clock): MtlsPopError {
  const { endpoint, correlationId, plainServer } = exchange;
  const answer = { status, headers, body, host: endpoint.host, correlationId, nowMs: clock.now() };
  return plainServer ? serverError(answer) : entraError(answer);
}

function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof MtlsPopError)) return false;
  if (error.code === "timeout") return true;
  if (error.statusCode !== undefined) return RETRY.statuses(error.statusCode) && error.retryAfterSeconds === undefined;
  return error.cause instanceof Error && RETRY.lostConnection.has((error.cause as NodeJS.ErrnoException).code);
}
