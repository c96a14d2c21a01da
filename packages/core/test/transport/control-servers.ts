import { createServer, type Socket } from "node:net";
import { startHttpServer } from "../../../emulator/src/server/http-server.js";
import { loopbackLookup } from "../../../emulator/src/server/loopback-lookup.js";
import { startTlsServer, type TlsServer, type TlsServerOptions } from "../../../emulator/src/server/tls-server.js";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import type { TransportOptions } from "../../src/transport/transport-options.js";
import { Transport } from "../../src/transport/transport-options.js";
import { authority, issue } from "../certificate/authority.js";

export { startHttpServer };

/** The name that the servers here answer as. */
export const NAME = "control.example";

/** A transport that trusts the test's authority and finds its names on loopback. */
export function transportTo(over: TransportOptions = {}): Transport {
  return new Transport({ ca: authority.rootPem, lookup: loopbackLookup((name) => name.endsWith(".example")), ...over });
}

/** A certificate of the test's authority, made now. */
export async function bindingCertificate(): Promise<BindingCertificate> {
  const { chainPem, privateKeyPem } = await issue();
  return BindingCertificate.fromPem(chainPem, { key: privateKeyPem });
}

/** A TLS server that says 200 to everything and notes which client certificate it saw. */
export async function startControlServer(
  options: Partial<TlsServerOptions> = {},
): Promise<TlsServer & { url: URL; shown: (Buffer | undefined)[] }> {
  const shown: (Buffer | undefined)[] = [];
  const server = await startTlsServer({
    name: "token",
    ca: authority,
    answersTo: (name) => name === NAME,
    asksForCertificate: true,
    record: () => {},
    faultFor: () => undefined,
    faultAnswers: { throttled: () => ({ status: 429 }), unavailable: () => ({ status: 503 }), revokedCertificate: () => ({ status: 401 }) },
    handle: ({ request }) => {
      shown.push(request.clientCertificate);
      return { status: 200, body: "fine" };
    },
    ...options,
  });
  return { ...server, shown, url: new URL(`https://${NAME}:${server.port}/`) };
}

/** A TCP server on loopback that does with each connection what it is told. */
export async function startRawServer(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  return {
    url: (protocol: "http" | "https") => new URL(`${protocol}://${NAME}:${address.port}/`),
    open: () => sockets.size,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
