import { isMtlsPopError, MtlsPopError, type MtlsPopErrorOptions } from "../errors.js";

/** The phase in which a call ran out of time, in words for the message. */
export type TimeoutPhase = "connect" | "upload" | "headers" | "body";

const PHASES = {
  connect: { failed: "did not complete a TLS connection", option: "connectTimeoutMs" },
  upload: { failed: "took no more of the request's body", option: "bodyTimeoutMs" },
  headers: { failed: "did not begin its answer", option: "headersTimeoutMs" },
  body: { failed: "did not finish its answer", option: "bodyTimeoutMs" },
} as const satisfies Record<TimeoutPhase, { failed: string; option: string }>;

/** Node's codes of a failed verification of the server's certificate (`X509_verify_cert_error_string` and `node:tls`). */
const UNTRUSTED_SERVER = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

const UNKNOWN_CA =
  "If a private CA issued it, pass that CA as `transport.ca`; if a proxy inspects TLS, exempt this host: a bound token needs the connection end to end.";

/** Names of the local emulator, which makes its CA anew at each start. */
const EMULATED = /\.emulator\.localhost(?::\d+)?$/;
const STALE_EMULATOR =
  "The emulator makes a new CA at each start: set MTLS_POP_EMULATOR_CA, or `transport.ca`, to that of the one that runs, and start the app again.";

/** For what the HTTP parser refuses (its codes begin with `HPE_`), too: it will be the same the next time. */
const NO_HTTP = "What answered speaks no proper HTTP: look for a proxy or another server at this address.";

/**
 * Names a failed connection or exchange: what was asked of whom, what happened, whether trying again can help.
 *
 * @param error what Node's sockets, TLS or HTTP parser reported
 * @param target host or origin, for the message
 */
export function transportError(error: unknown, target: string, options: MtlsPopErrorOptions = {}): MtlsPopError {
  if (isMtlsPopError(error)) return error;
  const { code, message } = describe(error);
  if (isUntrusted(code)) {
    return new MtlsPopError("tls_handshake_failed", `The certificate of ${target} is not trusted: ${message} (${code}).`, {
      ...options,
      cause: error,
      help: EMULATED.test(target) ? STALE_EMULATOR : UNKNOWN_CA,
    });
  }
  if (code?.startsWith("ERR_SSL_") || code?.startsWith("ERR_TLS_") || code === "EPROTO") {
    return new MtlsPopError("tls_handshake_failed", `${target} ended the TLS handshake: ${message} (${code}).`, {
      ...options,
      cause: error,
      help: "Check that the server accepts this client certificate and TLS 1.2 or 1.3.",
    });
  }
  const isBrokenHttp = code?.startsWith("HPE_");
  return new MtlsPopError("network_error", `The connection to ${target} failed: ${message}${code ? ` (${code})` : ""}.`, {
    ...(isBrokenHttp && { retryable: false }),
    ...options,
    cause: error,
    help: isBrokenHttp ? NO_HTTP : networkHelp(code),
  });
}

/** The error for an answer that ends HTTP: with a 101 that nobody asked for. */
export function otherProtocolError(target: string, options: MtlsPopErrorOptions = {}): MtlsPopError {
  return new MtlsPopError("network_error", `${target} answered with another protocol than HTTP.`, {
    ...options,
    retryable: false,
    help: NO_HTTP,
  });
}

/** Whether Node's code says that the other side's certificate is not trusted. */
export function isUntrusted(code: string | undefined): boolean {
  return code !== undefined && UNTRUSTED_SERVER.has(code);
}

/** Code and message; where Node tried several addresses, those of the first, since its own message is empty then. */
export function describe(error: unknown): { code: string | undefined; message: string } {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  const [first]: unknown[] = error instanceof AggregateError ? error.errors : [];
  return { code, message: error.message || (first instanceof Error ? first.message : error.name) };
}

function networkHelp(code: string | undefined): string {
  if (code === "ENOTFOUND") return "Check the host name and the DNS of this network.";
  return "Check that this network reaches the host.";
}

/** The error for a peer that let a time-out pass. */
export function timeoutError(phase: TimeoutPhase, target: string, timeoutMs: number, options: MtlsPopErrorOptions = {}): MtlsPopError {
  const { failed, option } = PHASES[phase];
  return new MtlsPopError("timeout", `${target} ${failed} within ${timeoutMs} ms.`, {
    ...options,
    help: `Raise \`transport.${option}\` if the host is known to be slow.`,
  });
}
