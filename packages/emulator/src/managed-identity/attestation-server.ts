import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { isRecord } from "../entra/token-form.js";
import { type Answer, json } from "../server/answer.js";
import type { Exchange } from "../server/exchange.js";
import { startTlsServer, type TlsServer, type TlsServerOptions } from "../server/tls-server.js";
import { type FaultAnswers, retryAfter } from "../server/transport-fault.js";
import type { AttestationKeys } from "./attestation-token.js";

/** Stands for Microsoft Azure Attestation: it attests whatever key it is shown, since nothing here has a guarded one. */
export interface Attestation {
  /** Origin, `https://attestation.emulator.localhost:{port}`; keys are attested by POST to `/attest/keyguard`. */
  readonly url: string;
  /** Life of a token that is signed from now on. @default 28800, eight hours */
  tokenLifeSeconds: number;
}

const EIGHT_HOURS_SECONDS = 28_800;

/** What of a TLS server the attestation service is given. */
export type AttestationServerOptions = Pick<TlsServerOptions, "ca" | "record" | "faultFor"> & {
  readonly host: string;
  readonly keys: AttestationKeys;
};

/** Starts the attestation service under its name. */
export async function startAttestation(options: AttestationServerOptions): Promise<{ attestation: Attestation; server: TlsServer }> {
  const { host, keys, ...observed } = options;
  const settings = { tokenLifeSeconds: EIGHT_HOURS_SECONDS };
  const server = await startTlsServer({
    ...observed,
    name: "attestation",
    answersTo: (name) => name === host,
    asksForCertificate: false,
    faultAnswers: FAULT_ANSWERS,
    handle: (exchange) => answer(exchange, keys, attestation.tokenLifeSeconds),
  });
  const attestation: Attestation = Object.assign(settings, { url: `https://${host}:${server.port}` });
  return { attestation, server };
}

/**
 * `POST /attest/keyguard` with `{ "publicKey": {JWK}, "clientId": "…" }` answers `{ "token": "…" }`; `GET /certs` shows the key that
 * signs it.
 */
async function answer({ request, url, body }: Exchange, keys: AttestationKeys, lifeSeconds: number): Promise<Answer> {
  if (url.pathname === "/certs" && request.method === "GET") return json(200, keys.jwks());
  if (url.pathname !== "/attest/keyguard") return refusal(404, "NotFound", `There is no ${url.pathname}.`);
  if (request.method !== "POST") return refusal(405, "MethodNotAllowed", "A key is attested by POST.");
  const asked = readRequest(body);
  if (!asked) return refusal(400, "InvalidParameter", 'The body is {"publicKey": {a JWK}, "clientId": "…"}.');
  return json(200, { token: await keys.sign({ ...asked, lifeSeconds }) });
}

function readRequest(body: Buffer): { publicKey: KeyObject; clientId: string } | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString("utf8"));
    if (!isRecord(parsed)) return undefined;
    const { publicKey, clientId } = parsed;
    // a guarded key's private half is not to be had, so whoever sends one has made a mistake
    if (!isRecord(publicKey) || publicKey["d"] !== undefined || typeof clientId !== "string") return undefined;
    const key: JsonWebKey = publicKey;
    return { publicKey: createPublicKey({ key, format: "jwk" }), clientId };
  } catch {
    return undefined;
  }
}

const FAULT_ANSWERS: FaultAnswers = {
  throttled: (seconds) => refusal(429, "TooManyRequests", "Too many requests.", retryAfter(seconds)),
  unavailable: (seconds) => refusal(503, "ServiceUnavailable", "The service is unavailable.", retryAfter(seconds)),
  revokedCertificate: () => refusal(401, "Unauthorized", "The certificate has been revoked."),
};

function refusal(status: number, code: string, message: string, headers: Record<string, string> = {}): Answer {
  return json(status, { error: { code, message } }, headers);
}
