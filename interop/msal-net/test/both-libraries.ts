import { randomUUID } from "node:crypto";
import { type AuthenticationResult, isMtlsPopError } from "@mtls-pop/core";
import { type IssuedCertificate, startEmulator } from "@mtls-pop/emulator";
import { type Asker, acquireFromCore } from "./core.js";
import { type Answer, type Call, MsalNet, type Question } from "./msal-net.js";
import { tokenRequest } from "./token-request.js";
import type { Asked, Outcome, TokenRequest } from "./wire-row.js";

const CLIENT_ID = "00000000-0000-0000-0000-00000000000a";
/** Leg 1 of the federated rows. */
const LEG1_CLIENT_ID = "00000000-0000-0000-0000-00000000000b";

/** What a library made of a question, and what it sent for it. */
export interface Finding {
  readonly outcome: Outcome;
  /** The number after `AADSTS`, where the service refused. */
  readonly aadsts?: number;
  readonly sent: readonly TokenRequest[];
}

/** An emulator that answers as Microsoft's clouds, two registered applications, MSAL.NET and core. */
export async function bothLibraries() {
  const msalNet = MsalNet.start();
  const emulator = await startEmulator({ clouds: true });
  const issued = await emulator.issueCertificate();
  for (const clientId of [CLIENT_ID, LEG1_CLIENT_ID]) emulator.applications.register({ clientId, certificate: issued.certificatePem });

  /** Runs one question, and tells what reached the token endpoint meanwhile. */
  async function observed<T>(over: Partial<Asker>, ask: (asker: Asker) => Promise<T>): Promise<{ result: T; sent: TokenRequest[] }> {
    const asker = { emulator, issued, clientId: CLIENT_ID, leg1ClientId: LEG1_CLIENT_ID, correlationId: randomUUID(), ...over };
    const before = emulator.requests.length;
    const result = await ask(asker);
    const requests = emulator.requests.slice(before).filter(({ server, method }) => server === "token" && method === "POST");
    return { result, sent: requests.map((request) => tokenRequest(request, asker)) };
  }

  return {
    emulator,
    issued,
    clientId: CLIENT_ID,

    async askMsalNet(asked: Asked, over: Partial<Asker> = {}, calls: readonly Call[] = []): Promise<Finding & Pick<Answer, "calls">> {
      const { result, sent } = await observed(over, (asker) => msalNet.ask(question(asked, asker, calls)));
      return { ...msalFinding(result.token, over.issued ?? issued), sent, calls: result.calls };
    },

    async askCore(asked: Asked, over: Partial<Asker> = {}): Promise<Finding> {
      const tell = (result: AuthenticationResult) => ({ outcome: tokenOf(result, over.issued ?? issued) });
      const { result, sent } = await observed(over, (asker) => acquireFromCore(asked, asker).then(tell, refusalOf));
      return { ...result, sent };
    },

    async close(): Promise<void> {
      await msalNet.close();
      await emulator.close();
    },
  };
}

function question(asked: Asked, { emulator, issued, ...ids }: Asker, calls: readonly Call[]): Question {
  return {
    root: emulator.ca,
    tokenPort: Number(new URL(emulator.authority).port),
    credential: { certificate: issued.certificatePem, privateKey: issued.privateKeyPem },
    asked,
    calls,
    ...ids,
  };
}

function msalFinding({ message = "", bindingCertificate, ...facts }: Answer["token"], issued: IssuedCertificate): Omit<Finding, "sent"> {
  const [, aadsts] = /AADSTS(\d+)/.exec(message) ?? [];
  if (facts.kind !== undefined) return { outcome: facts, ...(aadsts !== undefined && { aadsts: Number(aadsts) }) };
  return { outcome: { ...facts, bindingCertificate: nameOf(bindingCertificate, issued) } };
}

function tokenOf({ tokenType, metadata, bindingCertificate }: AuthenticationResult, issued: IssuedCertificate): Outcome {
  return { tokenType, tokenSource: metadata.tokenSource, bindingCertificate: nameOf(bindingCertificate?.thumbprintSha256, issued) };
}

function refusalOf(error: unknown): Omit<Finding, "sent"> {
  if (!isMtlsPopError(error)) throw error;
  const { kind, code, statusCode, aadErrorCodes } = error;
  const [aadsts] = aadErrorCodes ?? [];
  return {
    outcome: { kind, code, ...(statusCode !== undefined && { status: statusCode }) },
    ...(aadsts !== undefined && { aadsts }),
  };
}

function nameOf(thumbprintSha256: string | undefined, issued: IssuedCertificate): string | null {
  if (thumbprintSha256 === undefined) return null;
  return thumbprintSha256.toUpperCase() === issued.thumbprintSha256 ? "the application's" : "another";
}
