import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import type { TLSSocket } from "node:tls";
import { CertificateAuthority } from "../../../emulator/src/pki/certificate-authority.js";

const NAME = "orders.azurewebsites.example";

/** How a proxy hands on the certificate that it was shown. */
export interface FrontEndOptions {
  readonly header: string;
  readonly write: (certificate: NonNullable<ReturnType<TLSSocket["getPeerX509Certificate"]>>) => string;
  /** Whether a caller without a certificate is turned away in the handshake. */
  readonly required: boolean;
  /** Whether what the caller sent under that name is replaced, as it must be. */
  readonly replaces: boolean;
}

/** App Service with client certificates enabled, in the mode Required. */
export const APP_SERVICE: FrontEndOptions = {
  header: "x-arr-clientcert",
  write: ({ raw }) => raw.toString("base64"),
  required: true,
  replaces: true,
};

/** Ends TLS as the front end of a Function App does, any certificate will do, and passes the request on. */
export async function startFrontEnd(target: string, { header, write, required, replaces }: FrontEndOptions) {
  const authority = await CertificateAuthority.create();
  const credentials = await authority.serverCredentials(NAME);
  const server = createServer({ ...credentials, requestCert: true, rejectUnauthorized: false }, (incoming, outgoing) => {
    const certificate = (incoming.socket as TLSSocket).getPeerX509Certificate();
    if (required && !certificate) {
      outgoing.writeHead(403).end();
      return;
    }
    const headers: OutgoingHttpHeaders = { ...incoming.headersDistinct, host: incoming.headers.host };
    const own = certificate ? [write(certificate)] : [];
    headers[header] = replaces ? own : [...(incoming.headersDistinct[header] ?? []), ...own];
    const forwarded = httpRequest(target + incoming.url, { method: incoming.method, headers }, (response: IncomingMessage) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  return {
    url: `https://${NAME}:${address.port}`,
    ca: authority.rootPem,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
