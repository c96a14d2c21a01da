import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";

/** As long as the answer of a Key Vault secret. */
const BODY = JSON.stringify({ value: "x".repeat(40), id: "y".repeat(80), attributes: { enabled: true, created: 1, updated: 2 } });
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const END_OF_HEAD = "\r\n\r\n";
/** How long the server stays awake after a request, in milliseconds. */
const AWAKE_MS = 20;

/** What the server shows and whom it trusts, in PEM. */
export interface PlainResourceOptions {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/**
 * Starts a resource that answers every GET with the same small document. It asks for a client certificate, looks at no token, and is so
 * cheap that the clients, not the server, are what a measurement of warm requests shows. Nor does it sleep between requests: on loopback
 * it is the writer who wakes a sleeping reader and pays for it, which no client of a server elsewhere does.
 *
 * @returns its port on loopback
 */
export async function startPlainResource({ cert, key, ca }: PlainResourceOptions): Promise<number> {
  const stayAwake = wakefulness();
  const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] }, (socket) => {
    let unread = "";
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("error", () => socket.destroy());
    socket.on("data", (text: string) => {
      stayAwake();
      const heads = (unread + text).split(END_OF_HEAD);
      unread = heads.pop() ?? "";
      if (heads.length > 0) socket.write(ANSWER.repeat(heads.length));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Keeps this process from sleeping for a while after each call of what it returns. */
function wakefulness(): () => void {
  let untilMs = 0;
  let isTurning = false;
  const turn = () => {
    isTurning = performance.now() < untilMs;
    if (isTurning) setImmediate(turn);
  };
  return () => {
    untilMs = performance.now() + AWAKE_MS;
    if (!isTurning) turn();
  };
}
