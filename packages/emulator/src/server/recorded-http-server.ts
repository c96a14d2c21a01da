import type { Socket } from "node:net";
import type { Fault, FaultLookup } from "../faults/fault.js";
import type { RecordedRequest, Recorder, ServerName } from "../record/recorded-request.js";
import { type Answer, json } from "./answer.js";
import { nextConnectionId } from "./connections.js";
import { type HttpServer, startHttpServer } from "./http-server.js";
import { recordBody, recordHead } from "./request-record.js";
import { type FaultAnswers, meetFault, retryAfter } from "./transport-fault.js";

/** One request over plain HTTP on its way to an answer. */
export interface RecordedExchange {
  /** As it stands in the record, body read. */
  readonly request: RecordedRequest;
  /** Empty when there was none. */
  readonly body: Buffer;
  /** The fault that this request meets, when it is one that the server leaves to its handler. */
  readonly fault: Fault | undefined;
}

export interface RecordedHttpServerOptions {
  /** As which it stands in the record. */
  readonly name: ServerName;
  readonly record: Recorder;
  readonly faultFor: FaultLookup;
  /** Answers in place of everything else; with nothing the request goes its usual way, with `hang` it is not answered. */
  readonly scripted?: () => Answer | "hang" | undefined;
  readonly handle: (exchange: RecordedExchange) => Answer | Promise<Answer>;
  /** Goes with every answer. */
  readonly headers?: () => Readonly<Record<string, string>>;
}

/** How the faults that are answers read where no service has words of its own for them. */
const FAULT_ANSWERS: FaultAnswers = {
  throttled: (seconds) => refusal(429, "too_many_requests", "Too many requests", seconds),
  unavailable: (seconds) => refusal(503, "service_unavailable", "Service is temporarily unavailable", seconds),
  revokedCertificate: () => refusal(401, "unauthorized", "The certificate has been revoked"),
};

/** Starts a plain server that records its requests and has faults put in their way, as the TLS servers do. */
export async function startRecordedHttpServer(options: RecordedHttpServerOptions): Promise<HttpServer> {
  const { name, record, faultFor, scripted, handle, headers = () => ({}) } = options;
  const closing = new AbortController();
  const ids = new WeakMap<Socket, number>();
  const idOf = (socket: Socket): number => {
    const id = ids.get(socket) ?? nextConnectionId();
    ids.set(socket, id);
    return id;
  };
  const server = await startHttpServer(async ({ incoming, url, body }) => {
    const { socket } = incoming;
    const request = recordHead(name, incoming, url, { id: idOf(socket), tlsProtocol: "none", sessionReused: false });
    recordBody(request, body);
    record(request);
    const answered = (answer: Answer): Answer => {
      request.status = answer.status;
      return { ...answer, headers: { ...headers(), ...answer.headers } };
    };
    const script = scripted?.();
    if (script === "hang") return undefined;
    if (script) return answered(script);
    const fault = faultFor(request);
    const outcome = await meetFault(fault, FAULT_ANSWERS, closing.signal);
    if (outcome === "hang") return undefined;
    if (outcome === "reset") {
      socket.resetAndDestroy();
      return undefined;
    }
    return answered(outcome === "handle" ? await handle({ request, body, fault }) : outcome);
  });
  return {
    url: server.url,
    close: () => {
      closing.abort();
      return server.close();
    },
  };
}

function refusal(status: number, error: string, error_description: string, seconds?: number): Answer {
  return json(status, { error, error_description }, retryAfter(seconds));
}
