import type { ClientRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { ReadableStream } from "node:stream/web";
import { MtlsPopError } from "../errors.js";
import type { Answer } from "./answer.js";
import type { Endpoint, MtlsAgent } from "./mtls-agent.js";
import { timeoutError, transportError } from "./transport-errors.js";
import type { Transport } from "./transport-options.js";
import { upload } from "./upload.js";

/** Methods that may be sent again without being asked (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
/** What a kept-alive connection fails with when the server had closed it in the meantime. */
const STALE = new Set(["ECONNRESET", "EPIPE"]);

/** One request to a resource, ready for the wire. */
export interface ResourceRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turn, `Host` and the framing of the body among them. */
  readonly headers: readonly string[];
  readonly content: Uint8Array | (() => ReadableStream) | undefined;
  /** Whether `content` can be sent a second time. */
  readonly replayable: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends a request over the agent's connections and waits for the head of the answer. An idempotent request whose kept-alive connection
 * turns out to be closed is sent once more over a new one.
 *
 * @throws {MtlsPopError} `network_error`, `tls_handshake_failed`, `timeout`; the signal's reason when aborted; what a body's stream threw
 * @see https://nodejs.org/api/http.html#requestreusedsocket
 */
export function exchange(agent: MtlsAgent, request: ResourceRequest, transport: Transport): Promise<Answer> {
  return attempt(agent, request, transport, request.replayable && IDEMPOTENT.has(request.method));
}

function attempt(agent: MtlsAgent, request: ResourceRequest, transport: Transport, mayRepeat: boolean): Promise<Answer> {
  const { endpoint, signal, content } = request;
  return new Promise((resolve, reject) => {
    agent.makeRoom(endpoint);
    const outgoing = httpsRequest({
      agent,
      host: endpoint.host,
      port: endpoint.port,
      servername: endpoint.servername,
      method: request.method,
      path: request.path,
      headers: request.headers,
      setHost: false,
    });
    let queueTimer: NodeJS.Timeout | undefined;
    // kept alive or opened ahead: the server may have closed it in the meantime
    let mayBeStale = false;
    // an error that comes later is that of the body, or our own doing
    let isSettled = false;
    const settle = () => {
      isSettled = true;
      clearTimeout(queueTimer);
      outgoing.socket?.off("timeout", onTimeout);
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
      outgoing.destroy();
    };
    const onAbort = () => fail(signal?.reason);
    const onTimeout = () => fail(timeoutError("headers", endpoint.authority, transport.headersTimeoutMs));
    if (agent.isQueued(outgoing, endpoint)) {
      queueTimer = setTimeout(() => fail(allBusy(agent, endpoint, transport.headersTimeoutMs)), transport.headersTimeoutMs);
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    outgoing.on("socket", (socket) => {
      clearTimeout(queueTimer);
      const arm = () => {
        if (isSettled) return;
        if (socket.timeout !== transport.headersTimeoutMs) socket.setTimeout(transport.headersTimeoutMs);
        socket.on("timeout", onTimeout);
      };
      // until then the connect time-out counts
      mayBeStale = !agent.isConnecting(socket);
      if (mayBeStale) arm();
      else socket.once("secureConnect", arm);
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      if (isSettled) return;
      settle();
      if (!mayBeStale || !STALE.has(error.code ?? "")) return reject(transportError(error, endpoint.authority));
      // what closed this connection, a restart or a frozen process, closed the idle ones beside it
      agent.closeIdle(endpoint);
      if (mayRepeat && !signal?.aborted) resolve(attempt(agent, request, transport, false));
      else reject(notRepeated(error, request));
    });
    outgoing.on("response", (message) => {
      settle();
      if (content) message.on("end", () => releaseUnsent(outgoing));
      resolve({ request: outgoing, message });
    });
    outgoing.on("close", () => {
      if (!isSettled) fail(transportError(new Error("it answered with another protocol than HTTP"), endpoint.authority));
    });
    if (typeof content === "function") upload(outgoing, content()).catch(fail);
    else outgoing.end(content);
  });
}

/** An answer that did not wait for the request's body: the rest of it would hold up the connection for nothing. */
function releaseUnsent(outgoing: ClientRequest): void {
  if (outgoing.writableFinished) return;
  // the last bytes may be on their way to the system
  setImmediate(() => outgoing.writableFinished || outgoing.destroy());
}

function notRepeated(cause: unknown, { endpoint, method, replayable }: ResourceRequest): MtlsPopError {
  const why = IDEMPOTENT.has(method)
    ? replayable
      ? "was sent a second time already"
      : "has a body that is sent once only"
    : "is not idempotent";
  return new MtlsPopError(
    "network_error",
    `${endpoint.authority} closed a kept-alive connection before it answered, and the ${method} request ${why}.`,
    { cause, help: "It may have been carried out: find out before you send it again." },
  );
}

function allBusy(agent: MtlsAgent, { authority }: Endpoint, timeoutMs: number): MtlsPopError {
  return new MtlsPopError("timeout", `The connections to ${authority} (at most ${agent.maxSockets}) were all in use for ${timeoutMs} ms.`, {
    help: "Read or cancel the body of each answer; if that is done, raise `maxConnectionsPerOrigin`.",
  });
}
