import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { ControlAgent } from "./control-agent.js";
import { otherProtocolError, type TimeoutPhase, timeoutError, transportError } from "./transport-errors.js";
import type { Transport } from "./transport-options.js";

/** No answer of a token endpoint or a metadata service comes near this, in bytes. */
const MAX_BODY_BYTES = 1024 * 1024;

/** A small request to a service that issues tokens or certificates. */
export interface ControlRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Presented in the TLS handshake; goes over https only. */
  readonly certificate?: BindingCertificate | undefined;
  /** For a host that is near or not there. @default the transport's */
  readonly connectTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** For the errors. */
  readonly correlationId?: string | undefined;
}

/** An answer, read whole. */
export interface ControlResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * Sends one control request over a connection of its own and reads the answer: an https one through the proxy, where there is one. Redirects
 * are not followed.
 *
 * @throws {MtlsPopError} `network_error`, `tls_handshake_failed`, `proxy_refused`, `timeout`, `insecure_url` for a certificate over http,
 * `invalid_token_response` for an answer over 1 MiB; the signal's reason when aborted
 */
export async function sendControlRequest(transport: Transport, request: ControlRequest): Promise<ControlResponse> {
  const { url, signal, certificate, correlationId } = request;
  signal?.throwIfAborted();
  if (certificate && url.protocol !== "https:") {
    throw new MtlsPopError("insecure_url", `A client certificate goes over https only, but the URL is ${url.origin}.`, {
      correlationId,
      help: "Use an https URL.",
    });
  }
  return new Promise((resolve, reject) => {
    // a few messages an hour: nothing to keep open, nothing to close; not `false`, which makes one of the global agent's class: a proxy's, maybe
    const agent = url.protocol === "https:" ? new ControlAgent(transport, url, correlationId) : new HttpAgent();
    const outgoing = begin(transport, request, agent);
    let timer: NodeJS.Timeout | undefined;
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
      outgoing.destroy();
    };
    const onAbort = () => fail(signal?.reason);
    const late = (phase: TimeoutPhase, timeoutMs: number) =>
      (agent instanceof ControlAgent && agent.timeoutError(timeoutMs)) || timeoutError(phase, url.host, timeoutMs, { correlationId });
    const enter = (phase: TimeoutPhase, timeoutMs: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => fail(late(phase, timeoutMs)), timeoutMs);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    enter("connect", request.connectTimeoutMs ?? transport.connectTimeoutMs);
    outgoing.on("socket", (socket) => {
      const ready = url.protocol === "https:" ? "secureConnect" : "connect";
      socket.once(ready, () => enter("headers", transport.headersTimeoutMs));
    });
    outgoing.on("error", (error) => fail(transportError(error, url.host, { correlationId })));
    // unheard, a 101 would end the request without a word
    outgoing.on("upgrade", (_response, socket) => {
      socket.destroy();
      fail(otherProtocolError(url.host, { correlationId }));
    });
    outgoing.on("response", (response) => {
      enter("body", transport.bodyTimeoutMs);
      readBody(response, request).then((body) => {
        settle();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      }, fail);
    });
    outgoing.end(request.body);
  });
}

/** @throws {MtlsPopError} for what fails before a socket does, such as a `lookup` that throws */
function begin(transport: Transport, request: ControlRequest, agent: HttpAgent): ClientRequest {
  const { url, correlationId } = request;
  // outside: what a key's own TLS context fails with is no fault of the network
  const options = { ...requestOptions(transport, request), agent };
  try {
    return (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options);
  } catch (error) {
    throw transportError(error, url.host, { correlationId });
  }
}

function requestOptions(transport: Transport, { method, url, headers, body, certificate }: ControlRequest): RequestOptions {
  const host = url.hostname;
  const ca = transport.caFor(host);
  const secureContext =
    url.protocol !== "https:" ? undefined : certificate ? certificate.secureContext({ ca }) : transport.anonymousContext(host);
  return {
    method,
    // whatever NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 say: who answers here is handed a credential
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    headers: { ...headers, ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }) },
    ...(secureContext && { secureContext }),
    ...(transport.lookup && { lookup: transport.lookup }),
  };
}

async function readBody(response: IncomingMessage, { url, correlationId }: ControlRequest): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) {
        throw new MtlsPopError(
          "invalid_token_response",
          `${url.host} answered with more than ${MAX_BODY_BYTES} bytes, which is no token answer.`,
          { correlationId, help: "A proxy or captive portal may have answered in the service's place." },
        );
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw transportError(error, url.host, { correlationId });
  }
  return Buffer.concat(chunks).toString("utf8");
}
