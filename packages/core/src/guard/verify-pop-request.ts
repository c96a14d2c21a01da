import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { MtlsPopError } from "../errors.js";
import { assertOptions, plainCopy } from "../internal/options.js";
import { type CertificateFrom, certificateFromRule, forwardingHeader } from "./certificate-from.js";
import { POP_TOKEN_RULES, type PopTokenOptions } from "./pop-token-options.js";
import type { PresentedCertificate } from "./presented-certificate.js";
import type { VerifiedPopToken } from "./verified-pop-token.js";
import { verifyCredentials } from "./verify-credentials.js";

/** Whose tokens an API takes, and where the certificates of its callers come from. */
export interface PopRequestOptions extends PopTokenOptions {
  /** Where the caller's certificate comes from; required, since nothing in a process shows it. */
  certificateFrom: CertificateFrom;
}

/** A request whose headers are asked for by name, such as a `Request` or the `HttpRequest` of Azure Functions. */
export interface RequestWithHeaders {
  readonly headers: { get(name: string): string | null };
}

/**
 * Checks the proof that a request brings, as `verifyPopToken` does, with the certificate from where `certificateFrom` says.
 *
 * @param request of a `node:http` or `node:https` server, or one with `headers.get()`, which has no connection to ask
 * @param signal ends the wait for the issuer's keys
 * @throws {MtlsPopError} what `verifyPopToken` does; `invalid_options` also for `"connection"` where there is no TLS connection
 * @example
 * ```ts
 * import { createServer } from "node:https";
 * import { verifyPopRequest } from "@mtls-pop/core/guard";
 *
 * const options = {
 *   issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
 *   audience: "api://orders",
 *   jwks: `https://login.microsoftonline.com/${tenantId}/discovery/v2.0/keys`,
 *   certificateFrom: "connection",
 * } as const;
 * // any certificate is let in: it is the token that says whose it is
 * createServer({ requestCert: true, rejectUnauthorized: false }, async (request, response) => {
 *   const { clientId } = await verifyPopRequest(request, options);
 *   response.end(`Hello, ${clientId}`);
 * });
 * ```
 */
export async function verifyPopRequest(
  request: IncomingMessage | RequestWithHeaders,
  options: PopRequestOptions,
  signal?: AbortSignal,
): Promise<VerifiedPopToken> {
  const given = plainCopy("verifyPopRequest", options);
  assertPopRequestOptions("verifyPopRequest", given);
  const forwarded = forwardingHeader(given.certificateFrom);
  const authorization = header(request, "authorization");
  const source = forwarded ? `the header ${forwarded.header}, which ${forwarded.setBy} sets` : "the TLS connection";
  const certificate = forwarded ? header(request, forwarded.header) : ofConnection(request);
  return verifyCredentials({ authorization, certificate, signal }, given, source);
}

/**
 * Checks the options before there is a request.
 *
 * @throws {MtlsPopError} `invalid_options`
 */
export function assertPopRequestOptions(where: string, options: unknown): asserts options is PopRequestOptions {
  assertOptions(where, options, { ...POP_TOKEN_RULES, certificateFrom: certificateFromRule });
}

/** Every value that came under the name: of two `Authorization` headers Node would show the first alone. */
function header(request: IncomingMessage | RequestWithHeaders, name: string): string | undefined {
  if (isAsked(request)) return request.headers.get(name) ?? undefined;
  return request.headersDistinct[name.toLowerCase()]?.join(", ");
}

function isAsked(request: IncomingMessage | RequestWithHeaders): request is RequestWithHeaders {
  return typeof request.headers["get"] === "function";
}

function ofConnection(request: IncomingMessage | RequestWithHeaders): PresentedCertificate | undefined {
  if ("socket" in request && request.socket instanceof TLSSocket) return request.socket.getPeerX509Certificate();
  throw new MtlsPopError(
    "invalid_options",
    'certificateFrom is "connection", but the request did not come over a TLS connection of this process.',
    {
      help: 'Use a node:https server with requestCert, or say which proxy ends TLS: "app-service-required" or { header, setBy }.',
    },
  );
}
