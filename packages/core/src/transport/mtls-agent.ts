import type { ClientRequest } from "node:http";
import { Agent, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import { connect, type SecureContext, type TLSSocket } from "node:tls";
import { type Deadline, Deadlines } from "./deadlines.js";
import type { Endpoint } from "./endpoint.js";
import { TlsSessions } from "./tls-session.js";
import { timeoutError } from "./transport-errors.js";
import type { Transport } from "./transport-options.js";

/** How long a connection may wait for its next request, in milliseconds; a shorter `Keep-Alive: timeout` of the server wins. */
const IDLE_TIMEOUT_MS = 30_000;
/** Connections of one agent to all origins together, as a multiple of those to one. */
const ORIGINS_AT_FULL_USE = 4;

/** What an {@link MtlsAgent} is made of. */
export interface MtlsAgentOptions {
  /** Holds the binding certificate, the trusted roots and the TLS versions; shared by all of the agent's connections. */
  readonly secureContext: SecureContext;
  readonly transport: Pick<Transport, "lookup" | "connectTimeoutMs" | "headersTimeoutMs" | "tunnelTo">;
  readonly maxConnectionsPerOrigin: number;
}

/**
 * The kept-alive connections of one binding certificate, one set of trusted roots and one TLS profile. Its TLS sessions belong to it
 * and go with it.
 */
export class MtlsAgent extends Agent {
  readonly #secureContext: SecureContext;
  readonly #transport: Pick<Transport, "lookup" | "connectTimeoutMs" | "tunnelTo">;
  readonly #sessions = new TlsSessions();
  readonly #ahead = new Map<string, TLSSocket>();
  /** What ends an attempt to connect. */
  readonly #connecting = new WeakMap<object, NodeJS.Timeout>();
  /** Of requests that wait for the head of their answer. */
  readonly #deadlines: Deadlines;
  readonly #deadlineOf = new WeakMap<object, Deadline>();
  /** Busy connections that take no further request. */
  readonly #outdated = new WeakSet<object>();

  constructor({ secureContext, transport, maxConnectionsPerOrigin }: MtlsAgentOptions) {
    // few, since Node copies them for each request; of sessions none, since Node's cache would also take a renegotiation's
    super({ keepAlive: true, timeout: IDLE_TIMEOUT_MS, maxCachedSessions: 0 });
    this.maxSockets = maxConnectionsPerOrigin;
    this.maxFreeSockets = maxConnectionsPerOrigin;
    this.maxTotalSockets = maxConnectionsPerOrigin * ORIGINS_AT_FULL_USE;
    this.#secureContext = secureContext;
    this.#transport = transport;
    this.#deadlines = new Deadlines(transport.headersTimeoutMs);
  }

  /** Short, since everything but the address is the same for the whole agent. */
  override getName(options?: RequestOptions): string {
    return `${options?.host}:${options?.port}`;
  }

  override createConnection(options: RequestOptions): TLSSocket {
    const ready = this.#takeAhead(this.getName(options));
    return ready ?? this.#open({ host: options.host ?? "", port: Number(options.port), servername: options.servername ?? "" });
  }

  /**
   * Opens one connection that the next request takes, unless there is one already. It keeps no process alive; its failure is not
   * reported, since the request that would have used it makes its own attempt.
   *
   * @returns when TLS is up, or has failed
   */
  preconnect(endpoint: Endpoint): Promise<void> {
    const name = this.getName(endpoint);
    if (this.hasConnection(endpoint)) return Promise.resolve();
    const socket = this.#open(endpoint);
    this.#ahead.set(name, socket);
    socket.unref();
    this.#connecting.get(socket)?.unref();
    socket.setTimeout(IDLE_TIMEOUT_MS, () => this.#ahead.get(name) === socket && socket.destroy());
    return new Promise((resolve) => {
      const forget = () => {
        if (this.#ahead.get(name) === socket) this.#ahead.delete(name);
        resolve();
      };
      socket.once("secureConnect", resolve);
      socket.once("error", forget);
      socket.once("close", forget);
    });
  }

  /** Whether a connection to the endpoint is there, busy, idle or being opened. */
  hasConnection(endpoint: Endpoint): boolean {
    const name = this.getName(endpoint);
    return name in this.freeSockets || name in this.sockets || this.#ahead.has(name);
  }

  /** Whether a request waits until one of the busy connections to its endpoint is free. */
  isQueued(request: ClientRequest, endpoint: Endpoint): boolean {
    return this.requests[this.getName(endpoint)]?.includes(request) ?? false;
  }

  /** Whether TLS is still being set up on the socket of a request. */
  isConnecting(socket: object): boolean {
    return this.#connecting.has(socket);
  }

  /** That of the request which a connection carries. */
  deadlineOf(socket: object): Deadline | undefined {
    return this.#deadlineOf.get(socket);
  }

  /** Closes idle connections: those to one endpoint, or all. */
  closeIdle(endpoint?: Endpoint): void {
    const name = endpoint && this.getName(endpoint);
    for (const [key, sockets] of Object.entries(this.freeSockets)) {
      if (name === undefined || key === name) for (const socket of sockets ?? []) socket.destroy();
    }
    for (const [key, socket] of this.#ahead) if (name === undefined || key === name) socket.destroy();
  }

  /**
   * Lets go of the connections to an endpoint, and of the session that a next one would resume. Idle ones close at once, busy ones when their
   * answer is read.
   */
  renew(endpoint: Endpoint): void {
    const name = this.getName(endpoint);
    for (const socket of this.sockets[name] ?? []) this.#outdated.add(socket);
    this.closeIdle(endpoint);
    this.#sessions.forget(name);
  }

  /** Makes room for a connection to the endpoint when idle ones to other origins use up the total: the oldest of them goes. */
  makeRoom(endpoint: Endpoint): void {
    if (this.getName(endpoint) in this.freeSockets) return;
    const idle = count(this.freeSockets);
    if (idle === 0 || idle + count(this.sockets) < this.maxTotalSockets) return;
    // the origin that has been idle for longest comes first, and Node takes the last of an origin's
    Object.values(this.freeSockets)
      .flatMap((sockets) => sockets ?? [])
      .find((socket) => !socket.destroyed)
      ?.destroy();
  }

  /** Not while requests to other origins wait for room: an idle connection would take it, or go beyond the total. */
  override keepSocketAlive(socket: Duplex): boolean {
    const othersWait = Object.keys(this.requests).length > 0 && count(this.sockets) + count(this.freeSockets) >= this.maxTotalSockets;
    // `void` by its types, but Node reads what it returns
    const keeps: unknown = othersWait || this.#outdated.has(socket) ? false : super.keepSocketAlive(socket);
    return keeps === true;
  }

  /** Closes what is idle, and from now on each connection when its request ends: what is under way finishes. */
  retire(): void {
    this.maxFreeSockets = 0;
    this.closeIdle();
    this.#sessions.clear();
  }

  override destroy(): void {
    this.retire();
    this.#deadlines.clear();
    super.destroy();
  }

  #takeAhead(name: string): TLSSocket | undefined {
    const socket = this.#ahead.get(name);
    if (!socket) return undefined;
    this.#ahead.delete(name);
    if (socket.destroyed || !socket.writable) return undefined;
    this.#connecting.get(socket)?.ref();
    return socket.ref();
  }

  #open({ host, port, servername }: Omit<Endpoint, "authority">): TLSSocket {
    const { lookup, connectTimeoutMs } = this.#transport;
    const name = this.getName({ host, port });
    const session = this.#sessions.get(name);
    const tls = {
      host,
      servername,
      secureContext: this.#secureContext,
      ALPNProtocols: ["http/1.1"],
      // not left to NODE_TLS_REJECT_UNAUTHORIZED
      rejectUnauthorized: true,
      ...(session && { session }),
    };
    const tunnel = this.#transport.tunnelTo({ host, port });
    const socket = tunnel ? tunnel.secure(tls) : connect({ ...tls, port, ...(lookup && { lookup }) });
    socket.setNoDelay(true);
    this.#sessions.follow(name, socket);
    const late = () => tunnel?.timeoutError(connectTimeoutMs) ?? timeoutError("connect", `${host}:${port}`, connectTimeoutMs);
    const timer = setTimeout(() => socket.destroy(late()), connectTimeoutMs);
    this.#connecting.set(socket, timer);
    const settle = () => {
      clearTimeout(timer);
      this.#connecting.delete(socket);
    };
    const deadline = this.#deadlines.add();
    this.#deadlineOf.set(socket, deadline);
    socket.once("secureConnect", settle);
    socket.once("close", () => {
      settle();
      this.#deadlines.remove(deadline);
    });
    return socket;
  }
}

function count(sockets: NodeJS.ReadOnlyDict<unknown[]>): number {
  return Object.values(sockets).reduce((total, list) => total + (list?.length ?? 0), 0);
}
