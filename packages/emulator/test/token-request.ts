import type { Emulator } from "../src/emulator.js";
import type { IssuedCertificate } from "../src/pki/issued-certificate.js";
import { type ClientAnswer, type HttpsClient, httpsClient } from "./server/https-client.js";

/** A client of the emulator that trusts its root, and shows a certificate when it has one. */
export function clientOf(emulator: Pick<Emulator, "ca" | "lookup">, certificate?: IssuedCertificate): HttpsClient {
  return httpsClient({
    ca: emulator.ca,
    lookup: emulator.lookup,
    ...(certificate && { cert: certificate.chainPem, key: certificate.privateKeyPem }),
  });
}

/** The token endpoint of a host, such as `westus3.mtlsauth.emulator.localhost`. */
export function tokenEndpoint(emulator: Pick<Emulator, "authority" | "tenantId">, host = "mtlsauth.emulator.localhost"): string {
  return `https://${host}:${new URL(emulator.authority).port}/${emulator.tenantId}/oauth2/v2.0/token`;
}

/** Posts a form. */
export function postForm(
  client: HttpsClient,
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<ClientAnswer> {
  return client.get(url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(form).toString(),
  });
}
