/** A server as far as its end is concerned. */
export interface RunningServer {
  close(): Promise<void>;
  /** Resolves when a connection of this id is gone, or was never of this server. */
  connectionClosed?(connectionId: number): Promise<void>;
}

/** What was started and has to be ended. */
export class RunningServers {
  readonly #servers: RunningServer[] = [];
  #closing: Promise<void> | undefined;

  add(server: RunningServer): void {
    this.#servers.push(server);
  }

  /** Resolves when the connection with this id is gone. */
  async connectionClosed(connectionId: number): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.connectionClosed?.(connectionId)));
  }

  /** Ends all of them; a second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#servers.map((server) => server.close())).then(() => undefined);
    return this.#closing;
  }
}
