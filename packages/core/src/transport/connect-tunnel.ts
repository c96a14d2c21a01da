import { Agent, type IncomingMessage, request } from "node:http";
import { type LookupFunction, type Socket, connect as tcpConnect } from "node:net";
import { Duplex } from "node:stream";
import { type ConnectionOptions, type SecureContext, type TLSSocket, connect as tlsConnect } from "node:tls";
import type { MtlsPopError } from "../errors.js";
import { refusedError, strayBytesError, type TunnelAttempt, tunnelTimeoutError, unreachableError } from "./proxy-errors.js";

/** Of what a proxy says before the tunnel, in bytes. */
const MAX_HEAD_BYTES = 16 * 1024;

/** What a {@link ConnectTunnel} is made of. */
export interface ConnectTunnelOptions extends TunnelAttempt {
  /** Resolves the proxy's name; the other end's name is the proxy's to resolve. */
  readonly lookup?: LookupFunction | undefined;
  /** For TLS to the proxy: without the client certificate. @default Node's */
  readonly secureContext?: SecureContext | undefined;
}

/**
 * A way through a proxy, by CONNECT. It can be written to at once, and holds that back until the proxy has opened it, so that TLS over it
 * is a socket like any other from the beginning: counted by its agent, and gone when its request is aborted.
 *
 * @see RFC 9110 section 9.3.6
 */
export class ConnectTunnel extends Duplex {
  readonly #attempt: TunnelAttempt;
  readonly #socket: Socket;
  #secured: TLSSocket | undefined;
  #isOpen = false;
  #onOpen: (() => void) | undefined;

  constructor(options: ConnectTunnelOptions) {
    super({ allowHalfOpen: false });
    this.#attempt = options;
    this.#socket = openSocket(options);
    this.#askForTunnel();
  }

  /**
   * Starts TLS with the other end, inside.
   *
   * @param options without an address; `host` is for the check of the certificate
   */
  secure(options: ConnectionOptions): TLSSocket {
    const secured = tlsConnect({ ...options, socket: this });
    this.#secured = secured;
    // Node hands these on to a socket of the system only
    const ref = () => {
      this.#socket.ref();
      return secured;
    };
    const unref = () => {
      this.#socket.unref();
      return secured;
    };
    return Object.assign(secured, { ref, unref });
  }

  /** The error for a connection that is late because of the proxy; `undefined` when its part is done. */
  timeoutError(timeoutMs: number): MtlsPopError | undefined {
    return this.#isOpen ? undefined : tunnelTimeoutError(this.#attempt, timeoutMs);
  }

  override _read(): void {
    if (this.#isOpen) this.#socket.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    const write = () => void this.#socket.write(chunk, done);
    if (this.#isOpen) write();
    else this.#onOpen = write;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #askForTunnel(): void {
    const { proxy, target } = this.#attempt;
    const { authorization } = proxy;
    const credentials = authorization === undefined ? [] : ["Proxy-Authorization", authorization];
    // an agent of Node's own class, since the global agent's may lead to a proxy
    const agent = Object.assign(new Agent(), { createConnection: () => this.#socket });
    const asking = request({
      agent,
      method: "CONNECT",
      path: target,
      headers: ["Host", target, "Connection", "keep-alive", ...credentials],
      setHost: false,
      maxHeaderSize: MAX_HEAD_BYTES,
    });
    asking.on("error", (error) => this.#fail(unreachableError(this.#attempt, error)));
    asking.on("connect", (answer, _socket, head) => this.#onAnswer(answer, head));
    asking.end();
  }

  #onAnswer(answer: IncomingMessage, head: Buffer): void {
    const { statusCode = 0 } = answer;
    if (statusCode < 200 || statusCode > 299) this.#fail(refusedError(this.#attempt, answer));
    else if (head.length > 0) this.#fail(strayBytesError(this.#attempt));
    else this.#open();
  }

  #open(): void {
    this.#isOpen = true;
    const socket = this.#socket;
    socket.on("data", (chunk) => this.push(chunk) || socket.pause());
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.destroy());
    this.#onOpen?.();
    this.#onOpen = undefined;
  }

  #fail(error: Error): void {
    // before this stream ends, which TLS would take for the other end's doing
    this.#secured?.destroy(error);
    this.destroy();
  }
}

function openSocket({ proxy, lookup, secureContext }: ConnectTunnelOptions): Socket {
  const address = { host: proxy.host, port: proxy.port, ...(lookup && { lookup }) };
  if (!proxy.isTls) return tcpConnect(address).setNoDelay(true);
  const options = { ...address, servername: proxy.servername, minVersion: "TLSv1.2", rejectUnauthorized: true } as const;
  return tlsConnect({ ...options, ALPNProtocols: ["http/1.1"], ...(secureContext && { secureContext }) }).setNoDelay(true);
}
