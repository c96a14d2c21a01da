import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { request } from "node:https";
import type { Emulator } from "../src/emulator.js";
import type { IssuedCertificate } from "../src/pki/issued-certificate.js";

/** How a request is sent. */
export interface Sent {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** Shown to a server that asks. */
  readonly certificate?: IssuedCertificate;
}

/** What came back. */
export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends one request over a connection of its own, with `node:https` alone. */
export function send(emulator: Pick<Emulator, "ca" | "lookup">, url: string, { method = "GET", headers, body, certificate }: Sent = {}) {
  return new Promise<Received>((resolve, reject) => {
    const outgoing = request(url, {
      method,
      headers,
      agent: false,
      ca: emulator.ca,
      lookup: emulator.lookup,
      ...(certificate && { cert: certificate.chainPem, key: certificate.privateKeyPem }),
    });
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    outgoing.end(body);
  });
}

/** The token endpoint of a host in front of the emulator's domain, such as `westus3.mtlsauth`. */
export function tokenEndpoint(emulator: Emulator, host = "mtlsauth", tenant: string = emulator.tenantId): string {
  const { port } = new URL(emulator.authority);
  return `https://${host}.emulator.localhost:${port}/${tenant}/oauth2/v2.0/token`;
}

/** Posts a form, as a token request is. */
export function postForm(emulator: Emulator, url: string, form: Readonly<Record<string, string>>, sent: Sent = {}): Promise<Received> {
  return send(emulator, url, {
    method: "POST",
    ...sent,
    headers: { "content-type": "application/x-www-form-urlencoded", "client-request-id": randomUUID(), ...sent.headers },
    body: new URLSearchParams(form).toString(),
  });
}

/** The body of an answer, as an object. */
export function jsonOf({ text }: Received): Readonly<Record<string, unknown>> {
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
