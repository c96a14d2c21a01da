import type { Fault } from "../../src/faults/fault.js";
import { CertificateAuthority } from "../../src/pki/certificate-authority.js";
import type { RecordedRequest } from "../../src/record/recorded-request.js";
import { startTlsServer, type TlsServer, type TlsServerOptions } from "../../src/server/tls-server.js";
import type { FaultAnswers } from "../../src/server/transport-fault.js";

const FAULT_ANSWERS: FaultAnswers = {
  throttled: (seconds) => ({ status: 429, headers: { "retry-after": String(seconds ?? 1) } }),
  unavailable: () => ({ status: 503 }),
  revokedCertificate: () => ({ status: 401, body: "revoked" }),
};

/** A server with its record and a list of faults that the next requests meet. */
export interface StartedServer extends TlsServer {
  readonly ca: CertificateAuthority;
  readonly requests: RecordedRequest[];
  readonly faults: Fault[];
}

/** Starts a server that answers as any `*.example` name; by default it asks for a certificate and says 200. */
export async function startServer(options: Partial<TlsServerOptions> = {}): Promise<StartedServer> {
  const ca = options.ca ?? (await CertificateAuthority.create());
  const requests: RecordedRequest[] = [];
  const faults: Fault[] = [];
  const server = await startTlsServer({
    name: "custom-api",
    ca,
    answersTo: (name) => name.endsWith(".example"),
    asksForCertificate: true,
    record: (request) => requests.push(request),
    faultFor: () => faults.shift(),
    faultAnswers: FAULT_ANSWERS,
    handle: () => ({ status: 200, body: "fine" }),
    ...options,
  });
  return { ...server, ca, requests, faults };
}
