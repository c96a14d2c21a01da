import { request as httpsRequest } from "node:https";
import type { SecureVersion } from "node:tls";
import type { IssuedCertificate } from "@mtls-pop/emulator";

/** A certificate with its key, as a client shows it. */
export type ShownCertificate = Pick<IssuedCertificate, "chainPem" | "privateKeyPem">;

/** A call that core would not make. */
export interface PlainCall {
  readonly url: string;
  /** The root of the server's certificate, PEM. */
  readonly ca: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the connection has to show. @default nothing */
  readonly certificate?: ShownCertificate | undefined;
  readonly maxVersion?: SecureVersion;
}

/** Makes a GET with Node's own client over a connection of its own. @returns status and body; what ended the connection where there is no answer */
export function plainCall({
  url,
  ca,
  headers,
  certificate,
  maxVersion,
}: PlainCall): Promise<{ status: number; text: string } | { ended: string }> {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve) => {
    const outgoing = httpsRequest({
      host: "127.0.0.1",
      port,
      path: pathname,
      servername: hostname,
      agent: false,
      ca,
      headers: { ...headers, host: hostname },
      ...(maxVersion && { maxVersion }),
      ...(certificate && { cert: certificate.chainPem, key: certificate.privateKeyPem }),
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => resolve({ ended: error.code ?? error.message }));
    outgoing.on("response", async (response) => {
      const text = (await response.setEncoding("utf8").toArray()).join("");
      resolve({ status: response.statusCode ?? 0, text });
    });
    outgoing.end();
  });
}
