import type { TLSSocket } from "node:tls";

/** Sessions that one agent keeps; of more origins, the last ones'. */
const MAX_SESSIONS = 100;

/**
 * The TLS sessions that connections with one binding certificate were given, by `host:port`, so that the next connection resumes one
 * in place of a full handshake. They are never shared between certificates: a resumed session stands for the certificate it began with.
 *
 * @see RFC 8446 section 2.2, RFC 5077
 */
export class TlsSessions {
  readonly #sessions = new Map<string, Buffer>();

  /** The session to resume, if there is one. */
  get(name: string): Buffer | undefined {
    return this.#sessions.get(name);
  }

  /** Keeps what this connection is given, and drops what it failed with. */
  follow(name: string, socket: TLSSocket): void {
    // Node emits `session` only for a connection whose peer it has verified
    const keep = (session: Buffer) => this.#keep(name, session);
    const drop = () => this.#sessions.delete(name);
    socket.on("session", keep);
    socket.once("error", drop);
    socket.once("secureConnect", () => {
      socket.off("error", drop);
      // TLS 1.3 sends tickets at any time, the newest is the best; in 1.2 whatever comes after the first handshake is the session of
      // a renegotiation, which servers do not resume
      if (socket.getProtocol() !== "TLSv1.3") queueMicrotask(() => socket.off("session", keep));
    });
  }

  /** Lets the next connection make a whole handshake. */
  forget(name: string): void {
    this.#sessions.delete(name);
  }

  clear(): void {
    this.#sessions.clear();
  }

  #keep(name: string, session: Buffer): void {
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined && this.#sessions.size > MAX_SESSIONS) this.#sessions.delete(oldest);
  }
}
