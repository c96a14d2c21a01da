import { Socket } from "node:net";

/**
 * Resolves when a socket of this process emits an event for the first time. For a process of a test's own (`inChild`): it changes Node's class.
 *
 * @param name such as `connect`, or `secureConnect` for TLS
 */
export function socketEvent(name: string): Promise<void> {
  const { emit } = Socket.prototype;
  // what is waited for may keep no process alive
  const alive = setInterval(() => {}, 1000);
  return new Promise((resolve) => {
    Socket.prototype.emit = function (this: Socket, event: string | symbol, ...args: unknown[]): boolean {
      if (event === name) {
        clearInterval(alive);
        resolve();
      }
      return Reflect.apply(emit, this, [event, ...args]);
    };
  });
}
