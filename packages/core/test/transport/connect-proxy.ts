import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { loopbackLookup } from "../../../emulator/src/server/loopback-lookup.js";
import type { TransportOptions } from "../../src/transport/transport-options.js";
import { authority } from "../certificate/authority.js";

/** The name that the proxy here has; nothing else knows where it is. */
export const PROXY_NAME = "proxy.test";

/** One request for a tunnel, as it arrived. */
export interface AskedTunnel {
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** What went through it to the other end, so far. */
  readonly sent: Buffer[];
}

/** How a proxy is to behave. */
export interface ConnectProxyOptions {
  /** Answers in place of opening a tunnel, unless this returns `"tunnel"`. */
  readonly answer?: (socket: Duplex, asked: AskedTunnel) => unknown;
  /** Where every tunnel leads to. @default the port that is asked for */
  readonly port?: number;
  /** What the head of a tunnel's answer is. @default `HTTP/1.1 200 Connection established` */
  readonly head?: string;
  /** Is spoken to over TLS. @default false */
  readonly isTls?: boolean;
}

/** A proxy on loopback. It finds every name on loopback, as no resolver does. */
export async function startConnectProxy(options: ConnectProxyOptions = {}) {
  const { answer, head = "HTTP/1.1 200 Connection established\r\n\r\n", isTls = false } = options;
  const asked: AskedTunnel[] = [];
  const sockets = new Set<Duplex>();
  const server = isTls ? createHttpsServer(await authority.serverCredentials(PROXY_NAME)) : createHttpServer();
  const resolved: string[] = [];
  let mostOpen = 0;
  server.on(isTls ? "secureConnection" : "connection", (socket: Socket) => {
    sockets.add(socket);
    mostOpen = Math.max(mostOpen, sockets.size);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    const tunnel = { target: request.url ?? "", headers: request.rawHeaders, sent: [] as Buffer[] };
    asked.push(tunnel);
    // Node's server would leave its half open
    socket.once("end", () => socket.destroy());
    socket.resume();
    if (answer && answer(socket, tunnel) !== "tunnel") return;
    const other = connect(options.port ?? Number(tunnel.target.split(":").at(-1)), "127.0.0.1");
    other.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => tunnel.sent.push(chunk));
    socket.once("close", () => other.destroy());
    other.once("close", () => socket.end(() => socket.destroy()));
    socket.write(head);
    socket.pipe(other).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const toProxy = loopbackLookup((name) => name === PROXY_NAME);
  const lookup: typeof toProxy = (name, how, done) => {
    resolved.push(name);
    if (name === PROXY_NAME) toProxy(name, how, done);
    else done(Object.assign(new Error(`nobody knows ${name}`), { code: "ENOTFOUND" }), []);
  };
  const url = (credentials = "") => `${isTls ? "https" : "http"}://${credentials}${PROXY_NAME}:${port}`;
  return {
    port,
    authority: `${PROXY_NAME}:${port}`,
    url,
    asked,
    /** Names that were asked of the transport's look-up. */
    resolved,
    /** Connections now, and at most at one time. */
    open: () => sockets.size,
    mostOpen: () => mostOpen,
    /** A transport through it, which trusts the test's authority and can resolve nothing but the proxy. */
    transport: (over: TransportOptions = {}): TransportOptions => ({ ca: authority.rootPem, lookup, proxy: url(), ...over }),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A running {@link startConnectProxy}. */
export type ConnectProxy = Awaited<ReturnType<typeof startConnectProxy>>;
