import type { IncomingMessage } from "node:http";
import { MtlsPopError } from "../errors.js";
import type { ForwardProxy } from "./forward-proxy.js";
import { describe, isUntrusted, transportError } from "./transport-errors.js";

/** Of a status line, in characters. */
const MAX_QUOTED = 100;

/** What a refusal says about the way out; with any other status the proxy does not want this host. */
const NOT_REACHED = new Set([502, 503, 504]);

/** One attempt to get a tunnel. */
export interface TunnelAttempt {
  readonly proxy: ForwardProxy;
  /** `host:port` of the other end. */
  readonly target: string;
  /** For the errors. */
  readonly correlationId?: string | undefined;
}

/** The error for a proxy that answered, and not with a tunnel. @see RFC 9110 section 9.3.6 */
export function refusedError(attempt: TunnelAttempt, answer: IncomingMessage): MtlsPopError {
  const { proxy, target, correlationId } = attempt;
  const { statusCode = 0, statusMessage = "", httpVersion } = answer;
  const line = `HTTP/${httpVersion} ${statusCode} ${statusMessage.replace(/[^\x20-\x7e]/g, "")}`.trim().slice(0, MAX_QUOTED);
  const facts = { correlationId, statusCode };
  if (statusCode === 407) return unauthenticatedError(attempt, line, schemesOf(answer));
  const message = `The proxy ${proxy.authority} opened no tunnel to ${target}: ${line}.`;
  if (NOT_REACHED.has(statusCode)) {
    return new MtlsPopError("proxy_refused", message, { ...facts, retryable: true, help: "Check that the proxy reaches this host." });
  }
  return new MtlsPopError("proxy_refused", message, {
    ...facts,
    help: `Have the proxy allow CONNECT to ${target}, or go there without it: by NO_PROXY for one of the environment, by \`transport.proxy: false\` for all.`,
  });
}

function unauthenticatedError({ proxy, target, correlationId }: TunnelAttempt, line: string, schemes: readonly string[]): MtlsPopError {
  const hasCredentials = proxy.authorization !== undefined;
  const what = hasCredentials ? "did not accept the credentials of its URL" : "wants credentials, and its URL has none";
  const isBasic = schemes.length === 0 || schemes.some((scheme) => scheme.toLowerCase() === "basic");
  const write = `Write them into the URL, http://user:password@${proxy.authority}, with special characters percent-encoded.`;
  return new MtlsPopError("proxy_refused", `The proxy ${proxy.authority} ${what}; it opened no tunnel to ${target}: ${line}.`, {
    correlationId,
    statusCode: 407,
    help: isBasic
      ? `${hasCredentials ? "Check user and password." : write} ${proxy.source} names it.`
      : `It offers ${schemes.join(", ")}; only Basic is supported.`,
  });
}

/** The schemes of `Proxy-Authenticate`, without what each says about itself. */
function schemesOf({ headers }: IncomingMessage): string[] {
  const offered = headers["proxy-authenticate"] ?? [];
  const challenges = (typeof offered === "string" ? offered : offered.join(",")).slice(0, 1000);
  return [...challenges.matchAll(/(?:^|,)\s*([a-z][\w-]{0,31})(?=\s+\S|\s*,|\s*$)/gi)].map(([, scheme = ""]) => scheme).slice(0, 5);
}

/** The error for a proxy that could not be spoken to: no connection, no TLS, no HTTP, no answer. */
export function unreachableError({ proxy, correlationId }: TunnelAttempt, error: unknown): MtlsPopError {
  const { code, message } = describe(error);
  const why = `${message}${code ? ` (${code})` : ""}`;
  if (isUntrusted(code)) return transportError(error, `the proxy ${proxy.authority}`, { correlationId });
  if (code?.startsWith("HPE_")) {
    // a copy, since Node's error has the answer's bytes, and what only echoes has our credentials in them
    const cause = Object.assign(new Error(message), { code });
    return new MtlsPopError("network_error", `What answered at ${proxy.authority} is no HTTP proxy: ${why}.`, {
      correlationId,
      cause,
      retryable: false,
      help: `Check ${proxy.source}${proxy.isTls ? "" : "; a proxy that wants TLS is named with https://"}.`,
    });
  }
  if (code?.startsWith("ERR_SSL_") || code === "EPROTO") {
    return new MtlsPopError("tls_handshake_failed", `The proxy ${proxy.authority} did not complete TLS: ${why}.`, {
      correlationId,
      cause: error,
      help: "Name it with http:// if it is spoken to without: TLS to the host runs inside the tunnel all the same.",
    });
  }
  return new MtlsPopError("network_error", `The connection to the proxy ${proxy.authority} failed: ${why}.`, {
    correlationId,
    cause: error,
    help: `Check ${proxy.source}, and that this network reaches the proxy.`,
  });
}

/** The error for bytes in front of the tunnel: on its other end nobody speaks before the client. */
export function strayBytesError({ proxy, target, correlationId }: TunnelAttempt): MtlsPopError {
  return new MtlsPopError("network_error", `The proxy ${proxy.authority} sent bytes of its own into the tunnel to ${target}.`, {
    correlationId,
    retryable: false,
    help: `Check that ${proxy.source} names a proxy that passes on bytes as they are.`,
  });
}

/** The error for a tunnel that was not there in time. */
export function tunnelTimeoutError({ proxy, target, correlationId }: TunnelAttempt, timeoutMs: number): MtlsPopError {
  return new MtlsPopError("timeout", `The proxy ${proxy.authority} opened no tunnel to ${target} within ${timeoutMs} ms.`, {
    correlationId,
    help: `Check ${proxy.source}; raise \`transport.connectTimeoutMs\` if the proxy is known to be slow.`,
  });
}
