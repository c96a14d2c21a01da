import type { ClientRequest, IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { type Answer, MAX_HEAD_BYTES } from "./answer.js";
import type { Deadline } from "./deadlines.js";
import { allBusyError, isClosed, lostError, notRepeatedError } from "./exchange-errors.js";
import type { MtlsAgent } from "./mtls-agent.js";
import { isRepeatable, type ResourceRequest } from "./resource-request.js";
import { otherProtocolError, timeoutError } from "./transport-errors.js";
import type { Transport } from "./transport-options.js";
import { PIECE_BYTES, upload } from "./upload.js";

/**
 * Sends a request over the agent's connections and waits for the head of the answer. An idempotent request whose connection is
 * closed before the answer is sent once more over a new one, if its call has not had that yet.
 *
 * @throws {MtlsPopError} `network_error`, `tls_handshake_failed`, `timeout`; the signal's reason when aborted; what a body's stream threw
 * @see https://nodejs.org/api/http.html#requestreusedsocket
 */
export function exchange(agent: MtlsAgent, request: ResourceRequest, transport: Transport): Promise<Answer> {
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
      maxHeaderSize: MAX_HEAD_BYTES,
    });
    const isUpload = typeof content === "function" || (content !== undefined && content.byteLength > PIECE_BYTES);
    // kept alive or opened ahead: the server may have closed it in the meantime
    let mayBeStale = false;
    let isSettled = false;
    let queueTimer: NodeJS.Timeout | undefined;
    let deadline: Deadline | undefined;
    let answer: IncomingMessage | undefined;
    const settle = () => {
      isSettled = true;
      clearTimeout(queueTimer);
      deadline?.end();
      // the connection's, whose next request it belongs to from now on
      deadline = undefined;
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
      outgoing.destroy();
    };
    const onAbort = () => fail(signal?.reason);
    const { headersTimeoutMs } = transport;
    const onOverdue = () => fail(timeoutError("headers", endpoint.authority, headersTimeoutMs));
    // from here on the other side may take its time, however much it says meanwhile
    const onSent = () => {
      deadline?.begin(onOverdue);
    };
    const onConnected = () => {
      if (!isUpload || isSettled) return onSent();
      const { bodyTimeoutMs: timeoutMs } = transport;
      const body = typeof content === "function" ? content() : content;
      const options = { length: request.length, timeoutMs, authority: endpoint.authority, isAnswered: () => isSettled };
      upload(outgoing, body, options).then(onSent, fail);
    };
    if (agent.isQueued(outgoing, endpoint)) {
      queueTimer = setTimeout(() => fail(allBusyError(endpoint, agent.maxSockets, headersTimeoutMs)), headersTimeoutMs);
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    outgoing.on("socket", (socket) => {
      clearTimeout(queueTimer);
      if (isSettled) return;
      deadline = agent.deadlineOf(socket);
      // until then the connect time-out counts
      mayBeStale = !agent.isConnecting(socket);
      if (mayBeStale) onConnected();
      else socket.once("secureConnect", onConnected);
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      // an error that comes later is that of the body, such as a malformed chunk, or our own doing
      if (isSettled) return void answer?.destroy(error);
      settle();
      if (!isClosed(error)) return reject(lostError(error, request, outgoing.reusedSocket));
      // what closed this connection, a restart or a frozen process, closed the idle ones beside it
      if (mayBeStale) agent.closeIdle(endpoint);
      if (isRepeatable(request) && request.resends.takeReset()) resolve(exchange(agent, request, transport));
      else reject(mayBeStale ? notRepeatedError(error, request, outgoing.reusedSocket) : lostError(error, request, false));
    });
    outgoing.on("response", (message) => {
      settle();
      answer = message;
      if (content) message.on("end", () => releaseUnsent(outgoing));
      resolve({ request: outgoing, message });
    });
    outgoing.on("close", () => {
      if (!isSettled) fail(otherProtocolError(endpoint.authority));
    });
    if (!isUpload) outgoing.end(content);
  });
}

/** An answer that did not wait for the request's body: the rest of it would hold up the connection for nothing. */
function releaseUnsent(outgoing: ClientRequest): void {
  if (outgoing.writableFinished) return;
  // the last bytes may be on their way to the system
  setImmediate(() => outgoing.writableFinished || outgoing.destroy());
}
