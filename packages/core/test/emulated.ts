import { randomUUID } from "node:crypto";
import { type EmulatorOptions, startEmulator } from "@mtls-pop/emulator";
import { ConfidentialClientApplication } from "../src/application/confidential-client-application.js";
import type { ConfidentialClientOptions } from "../src/application/confidential-client-options.js";
import { BindingCertificate } from "../src/certificate/binding-certificate.js";

export const VAULT_SCOPE = "https://vault.azure.net/.default";

/** An emulator with one registered application and its certificate. */
export async function emulated(options: EmulatorOptions = {}) {
  const emulator = await startEmulator(options);
  const clientId = randomUUID();
  const { certificate, issued } = await newCertificate();
  emulator.applications.register({ clientId, certificates: [issued.certificatePem] });
  const { host } = new URL(emulator.authority);
  const base = {
    clientId,
    authority: emulator.authority,
    knownAuthorities: [host],
    transport: { ca: emulator.ca, lookup: emulator.lookup },
  };

  async function newCertificate(wanted: Parameters<typeof emulator.issueCertificate>[0] = {}) {
    const issued = await emulator.issueCertificate(wanted);
    return { issued, certificate: await BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem }) };
  }

  return {
    emulator,
    clientId,
    certificate,
    issued,
    host,
    transport: base.transport,
    newCertificate,
    /** A certificate that the application is registered with as well. */
    async anotherCertificate(wanted: Parameters<typeof emulator.issueCertificate>[0] = {}) {
      const another = await newCertificate(wanted);
      emulator.applications.register({ clientId, certificates: [issued.certificatePem, another.issued.certificatePem] });
      return another;
    },
    /** The application, with other options where a test needs them. */
    application(over: Partial<ConfidentialClientOptions> = {}): ConfidentialClientApplication {
      return new ConfidentialClientApplication({ ...base, certificate, ...over } as ConfidentialClientOptions);
    },
    /** What reached the token endpoint. */
    tokenRequests: () => emulator.requests.filter((request) => request.server === "token"),
    close: () => emulator.close(),
  };
}

/** Time that a test moves by hand; a sleep ends at once and is written down. */
export class TestClock {
  nowMs: number = Date.now();
  readonly slept: number[] = [];
  readonly now = (): number => this.nowMs;
  readonly sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    this.slept.push(ms);
    this.nowMs += ms;
  };
  advance(ms: number): void {
    this.nowMs += ms;
  }
}
