/** A server of the emulator, as it stands in the record. */
export type ServerName = "token" | "key-vault" | "graph" | "custom-api" | "instance-metadata" | "app-service" | "attestation";

/**
 * One request as it arrived, secrets included: the emulator is a test tool.
 *
 * It is recorded on arrival, so that one that is never answered shows as well; `status` and a certificate that comes by
 * renegotiation are filled in later.
 */
export interface RecordedRequest {
  readonly server: ServerName;
  /** When the head of the request was read. */
  readonly at: Date;
  readonly method: string;
  /** The `Host` header without its port, in lower case. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Decoded; the last value where a name comes twice. */
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case, several values joined as `node:http` does. */
  readonly headers: Readonly<Record<string, string>>;
  /** The fields of a form body; absent for other bodies. */
  form?: Readonly<Record<string, string>>;
  /** The body as it came; absent when there was none. */
  body?: Buffer;
  /** DER of the certificate that this TLS connection has shown by the time the request is answered. */
  clientCertificate?: Buffer;
  /** `TLSv1.2` or `TLSv1.3`; `none` over plain HTTP. */
  readonly tlsProtocol: string;
  /** Whether the connection's first handshake resumed a session. */
  readonly sessionReused: boolean;
  /** Equal for requests of one connection, unique in the process. */
  readonly connectionId: number;
  /** What was answered; absent while the answer is not written, and for good when the connection was cut. */
  status?: number;
}

/** Takes a request into the record. */
export type Recorder = (request: RecordedRequest) => void;
