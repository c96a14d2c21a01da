import { createServer, type TLSSocket } from "node:tls";
import { loopbackLookup } from "../../../emulator/src/server/loopback-lookup.js";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { createPopFetch, type PopFetch, type PopFetchOptions } from "../../src/resource/pop-fetch.js";
import type { TransportOptions } from "../../src/transport/transport-options.js";
import { authority } from "../certificate/authority.js";
import { given } from "./calling.js";

const NAME = "odd.example";

/** What an odd server does with a connection; `data` is what has come so far, `connection` and `request` count from 1. */
export type OnData = (socket: TLSSocket, data: string, connection: number) => void;

/** A TLS server of bare sockets, which answers in ways that no HTTP server of Node's would. */
export async function startOddServer(onData: OnData, onConnection: (socket: TLSSocket, connection: number) => void = () => {}) {
  const sockets = new Set<TLSSocket>();
  let connections = 0;
  const server = createServer({ ...(await authority.serverCredentials(NAME)), requestCert: true, rejectUnauthorized: false }, (socket) => {
    const connection = ++connections;
    let data = "";
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      data += chunk.toString("latin1");
      if (!data.includes("\r\n\r\n")) return;
      const request = data;
      data = "";
      onData(socket, request, connection);
    });
    onConnection(socket, connection);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  const url = `https://${NAME}:${address.port}`;
  const issued = await authority.issueCertificate({ keyType: "EC-P256" });
  const certificate = await BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem });
  const transport: TransportOptions = { ca: authority.rootPem, lookup: loopbackLookup((name) => name.endsWith(".example")) };
  return {
    url,
    certificate,
    transport,
    /** How many connections are open, and how many there were. */
    open: () => sockets.size,
    connections: () => connections,
    popFetch: (over: Partial<PopFetchOptions> = {}): PopFetch =>
      createPopFetch({
        tokens: given({ accessToken: "token", tokenType: "mtls_pop", bindingCertificate: certificate }),
        resources: { odd: { baseUrl: url, authorizationScheme: "pop" } },
        ...over,
        transport: { ...transport, ...over.transport },
      }),
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
