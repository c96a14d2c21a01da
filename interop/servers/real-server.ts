import type { ServerCredentials } from "../../packages/emulator/src/pki/certificate-authority.js";

/** What a server's configuration is made of. */
export interface ServerSurroundings {
  /** The name that it answers to. */
  readonly host: string;
  readonly credentials: ServerCredentials;
  /** The root of the clients' certificates, PEM. */
  readonly clientCa: string;
  /** A root that has issued none of them, PEM. */
  readonly strangeCa: string;
  /** Where it passes requests on to. */
  readonly upstreamPort: number;
}

/** A server that runs, with a URL for each way in which it asks for the certificate. */
export interface StartedServer<Way extends string> {
  readonly urls: Readonly<Record<Way, string>>;
  /** The file that it logs to, where it does. */
  readonly log?: string;
  close(): Promise<void>;
}
