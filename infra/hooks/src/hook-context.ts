import type { TokenCredential } from "@azure/core-auth";
import type { CertificateClientOptions } from "@azure/keyvault-certificates";
import type { AzdEnvironment } from "./azd-environment.js";
import type { Endpoints } from "./endpoints.js";

/** How long a hook waits for Azure. */
export interface Pace {
  /** Between two looks at something that takes its time: a registration, a role assignment, a certificate. */
  readonly pollMs: number;
  /** Before the second try of a request; doubled before each next one. */
  readonly retryMs: number;
  /** Longest wait for the answer to one request. */
  readonly answerMs: number;
}

export const USUAL_PACE: Pace = { pollMs: 10_000, retryMs: 1_000, answerMs: 60_000 };

/** What every step of a hook is given. */
export interface HookContext {
  readonly environment: AzdEnvironment;
  /** The login of azd in a tenant, or in its own. */
  readonly credentialFor: (tenantId?: string) => TokenCredential;
  readonly endpoints: Endpoints;
  readonly pace: Pace;
  /** Of the SDK's clients, beside what the hook sets: their transport, for a test. */
  readonly vaultClientOptions: CertificateClientOptions;
  /** Tells the user a line. */
  readonly say: (line: string) => void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
