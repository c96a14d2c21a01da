import type { AgentOptions } from "node:https";
import { type Emulator, startEmulator } from "../src/emulator.js";
import type { IssuedCertificate } from "../src/pki/issued-certificate.js";
import { type HttpsClient, httpsClient } from "./server/https-client.js";
import { clientOf, postForm, tokenEndpoint } from "./token-request.js";

/** A registered application with its certificate, which asks for tokens and calls resources over plain `node:https`. */
export interface BoundCaller {
  readonly clientId: string;
  readonly certificate: IssuedCertificate;
  /** A token, bound to the certificate unless it is to have no confirmation. */
  token(scope: string, options?: { confirmed?: boolean; claims?: string }): Promise<string>;
  /** A client that shows the certificate, or another one, or none. */
  client(options?: AgentOptions, certificate?: IssuedCertificate | "none"): HttpsClient;
  close(): void;
}

let callers = 0;

/** Registers an application with a new certificate. */
export async function boundCaller(emulator: Emulator): Promise<BoundCaller> {
  const clientId = `caller-${++callers}`;
  const certificate = await emulator.issueCertificate({ keyType: "EC-P256" });
  emulator.applications.register({ clientId, certificate: certificate.certificatePem });
  const clients: HttpsClient[] = [];
  const keep = (client: HttpsClient): HttpsClient => {
    clients.push(client);
    return client;
  };
  return {
    clientId,
    certificate,
    token: async (scope, { confirmed = true, claims } = {}) => {
      const form = { client_id: clientId, grant_type: "client_credentials", token_type: "mtls_pop", scope, ...(claims && { claims }) };
      if (!confirmed) emulator.faults.add({ on: "token", kind: "no-confirmation" });
      const answer = await postForm(keep(clientOf(emulator, certificate)), tokenEndpoint(emulator), form);
      const { access_token } = answer.json() as { access_token?: string };
      if (access_token === undefined) throw new Error(answer.body.toString());
      return access_token;
    },
    client: (options = {}, shown = certificate) =>
      keep(
        httpsClient({
          ca: emulator.ca,
          lookup: emulator.lookup,
          ...(shown !== "none" && { cert: shown.chainPem, key: shown.privateKeyPem }),
          ...options,
        }),
      ),
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

/** An emulator and a caller on it. */
export interface CalledEmulator {
  readonly emulator: Emulator;
  readonly caller: BoundCaller;
  /** Ends both. */
  close(): Promise<void>;
}

/** Starts an emulator with a caller. */
export async function calledEmulator(): Promise<CalledEmulator> {
  const emulator = await startEmulator();
  const caller = await boundCaller(emulator);
  const close = async (): Promise<void> => {
    caller.close();
    await emulator.close();
  };
  return { emulator, caller, close };
}
