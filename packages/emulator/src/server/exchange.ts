import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Fault } from "../faults/fault.js";
import type { RecordedRequest } from "../record/recorded-request.js";
import type { Answer } from "./answer.js";

/** One request on its way to an answer. */
export interface Exchange {
  /** As it stands in the record, body read. */
  readonly request: RecordedRequest;
  readonly url: URL;
  /** Empty when there was none. */
  readonly body: Buffer;
  /** The fault that this request meets, when it is one that the server leaves to its handler. */
  readonly fault: Fault | undefined;
  /**
   * The client's certificate in DER: the one that the connection has shown, else by TLS renegotiation, which is asked for once
   * a connection and cannot be over TLS 1.3.
   */
  demandClientCertificate(): Promise<Buffer | undefined>;
  /** Writes the head of an answer whose body the handler writes by itself. */
  writeHead(status: number, headers?: OutgoingHttpHeaders): ServerResponse;
}

/** Turns a request into an answer; nothing when it has written a head, or never answers. */
export type Handler = (exchange: Exchange) => Answer | undefined | Promise<Answer | undefined>;
