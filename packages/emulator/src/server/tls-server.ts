import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { FaultLookup } from "../faults/fault.js";
import type { RecordedRequest, Recorder, ServerName } from "../record/recorded-request.js";
import type { Answer } from "./answer.js";
import { demandClientCertificate, shownClientCertificate } from "./client-certificate.js";
import { Connections } from "./connections.js";
import type { Handler } from "./exchange.js";
import { listenOnLoopback } from "./loopback-server.js";
import { readBody } from "./read-body.js";
import { recordBody, recordHead } from "./request-record.js";
import { requestUrl } from "./request-url.js";
import { type TlsChoices, tlsOptions } from "./tls-options.js";
import { type FaultAnswers, meetFault } from "./transport-fault.js";

export interface TlsServerOptions extends TlsChoices {
  /** As which it stands in the record. */
  readonly name: ServerName;
  readonly record: Recorder;
  readonly faultFor: FaultLookup;
  readonly faultAnswers: FaultAnswers;
  readonly handle: Handler;
}

/** A TLS server on a free port of loopback. */
export interface TlsServer {
  readonly port: number;
  /** Resolves when the connection with this id of the record is gone. */
  connectionClosed(connectionId: number): Promise<void>;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

/** Starts a server that answers under many names. */
export async function startTlsServer(options: TlsServerOptions): Promise<TlsServer> {
  const connections = new Connections();
  const closing = new AbortController();
  const server = createServer(await tlsOptions(options));
  // a connection lives until one of both sides ends it on purpose, so that reuse is the client's doing alone
  server.keepAliveTimeout = 0;
  server.on("connection", (socket) => {
    if (socket instanceof Socket) connections.opened(socket);
  });
  server.on("secureConnection", (socket) => {
    connections.secured(socket);
    // a resumed TLS 1.2 handshake does not pass the SNI callback
    if (socket.servername && !options.answersTo(socket.servername)) socket.destroy();
  });
  server.on("request", (incoming, response) => void serve(options, connections, closing.signal, incoming, response));
  const port = await listenOnLoopback(server);
  return {
    port,
    connectionClosed: (connectionId) => connections.closed(connectionId),
    close: async () => {
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      connections.destroyAll();
      await closed;
    },
  };
}

async function serve(
  options: TlsServerOptions,
  connections: Connections,
  closing: AbortSignal,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { socket } = incoming;
  if (!(socket instanceof TLSSocket)) return;
  const url = requestUrl(incoming, "https");
  if (!url) return void response.writeHead(400).end("The request names no URL.");
  const request = recordHead(options.name, incoming, url, connections.facts(socket));
  noteCertificate(request, shownClientCertificate(socket));
  options.record(request);
  const writeHead = (status: number, headers: OutgoingHttpHeaders = {}): ServerResponse => {
    // noted before it is written: a client may look at the record as soon as it has the answer
    request.status = status;
    return response.writeHead(status, headers);
  };
  const send = ({ status, headers, body }: Answer): void => void writeHead(status, headers).end(body);
  try {
    const body = await readBody(incoming);
    if (!body) return send({ status: 413, body: "Content Too Large" });
    recordBody(request, body);
    // one connection serves the name of its handshake only, as at a front end that routes by it
    if (socket.servername && socket.servername !== url.hostname) return send({ status: 421, body: "Misdirected Request" });
    const fault = options.faultFor(request);
    const outcome = await meetFault(fault, options.faultAnswers, closing);
    if (socket.destroyed || outcome === "hang") return;
    if (outcome === "reset") return connections.reset(socket);
    if (outcome !== "handle") return send(outcome);
    const demand = async (): Promise<Buffer | undefined> => noteCertificate(request, await demandClientCertificate(socket));
    const answer = await options.handle({ request, url, body, fault, demandClientCertificate: demand, writeHead });
    if (answer && !socket.destroyed) send(answer);
  } catch (error) {
    if (socket.destroyed) return;
    if (response.headersSent) socket.destroy();
    else send({ status: 500, body: `The emulator failed: ${error instanceof Error ? error.stack : String(error)}` });
  }
}

function noteCertificate(request: RecordedRequest, certificate: Buffer | undefined): Buffer | undefined {
  if (certificate) request.clientCertificate = certificate;
  return certificate;
}
