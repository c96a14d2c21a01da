import type { TLSSocket } from "node:tls";

// also what was found: Node cuts a socket that renegotiates again and again, so one without a certificate is asked once
const demands = new WeakMap<TLSSocket, Promise<Buffer | undefined>>();

/** The certificate that the connection has shown so far, in DER. */
export function shownClientCertificate(socket: TLSSocket): Buffer | undefined {
  return socket.getPeerX509Certificate()?.raw;
}

/** The certificate that the connection has shown, else the one that it shows when asked by renegotiation. */
export async function demandClientCertificate(socket: TLSSocket): Promise<Buffer | undefined> {
  const shown = shownClientCertificate(socket);
  if (shown) return shown;
  let demand = demands.get(socket);
  if (!demand) {
    demand = renegotiate(socket);
    demands.set(socket, demand);
  }
  return demand;
}

async function renegotiate(socket: TLSSocket): Promise<Buffer | undefined> {
  // TLS 1.3 has no renegotiation (RFC 8446 section 4.1.2), and OpenSSL's clients do not offer post-handshake authentication
  if (socket.getProtocol() === "TLSv1.3") return undefined;
  const renegotiated = await new Promise<boolean>((resolve) => {
    socket.once("close", () => resolve(false));
    socket.renegotiate({ requestCert: true, rejectUnauthorized: false }, (error) => resolve(error === null));
  });
  return renegotiated ? shownClientCertificate(socket) : undefined;
}
