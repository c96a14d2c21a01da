import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** What stays true of a connection as long as it lives. */
export interface ConnectionFacts {
  /** Unique in the process. */
  readonly id: number;
  readonly tlsProtocol: string;
  /** Of the first handshake; a later one may change what the socket says. */
  readonly sessionReused: boolean;
}

let lastId = 0;

/** An id that no connection of the process has had. */
export function nextConnectionId(): number {
  lastId += 1;
  return lastId;
}

/** The sockets of one server. */
export class Connections {
  readonly #sockets = new Set<Socket>();
  /** The TCP socket under each TLS one, which alone can be reset. */
  readonly #byRemotePort = new Map<number, Socket>();
  readonly #facts = new WeakMap<TLSSocket, ConnectionFacts>();
  readonly #closed = new Map<number, Promise<void>>();

  /** Takes a TCP socket before its handshake. */
  opened(socket: Socket): void {
    const { remotePort } = socket;
    this.#sockets.add(socket);
    if (remotePort !== undefined) this.#byRemotePort.set(remotePort, socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (remotePort !== undefined && this.#byRemotePort.get(remotePort) === socket) this.#byRemotePort.delete(remotePort);
    });
  }

  /** Takes a socket after its handshake. */
  secured(socket: TLSSocket): void {
    const id = nextConnectionId();
    this.#sockets.add(socket);
    this.#facts.set(socket, { id, tlsProtocol: socket.getProtocol() ?? "none", sessionReused: socket.isSessionReused() });
    this.#closed.set(id, new Promise((resolve) => socket.once("close", () => resolve())));
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** @throws {Error} when the handshake of this socket was not seen */
  facts(socket: TLSSocket): ConnectionFacts {
    const facts = this.#facts.get(socket);
    if (!facts) throw new Error("This socket is not of this server.");
    return facts;
  }

  /** Resolves when the connection is gone, also when it has been for long. */
  async closed(id: number): Promise<void> {
    await this.#closed.get(id);
  }

  /** Ends a connection with a TCP reset. */
  reset(socket: TLSSocket): void {
    const tcp = socket.remotePort === undefined ? undefined : this.#byRemotePort.get(socket.remotePort);
    tcp?.resetAndDestroy();
    socket.destroy();
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
