import type { BindingKey } from "../certificate/binding-key.js";
import { MtlsPopError } from "../errors.js";
import { type Clock, clockRule } from "../internal/clock.js";
import type { Logger } from "../internal/logger.js";
import { abortSignal, assertOptions, callable, flag, type OptionRule, plainCopy, record, text, textList } from "../internal/options.js";
import type { AttestationProvider } from "../managed-identity/attestation.js";
import { cannotExchange } from "../managed-identity/cannot-exchange.js";
import { identityRule, type ManagedIdentityId } from "../managed-identity/managed-identity-id.js";
import { identityEnvironment } from "../managed-identity/source.js";
import { TokenCache } from "../token/token-cache.js";
import { type TransportOptions, transportRule } from "../transport/transport-options.js";
import { guid } from "./confidential-client-options.js";

/** How a {@link ManagedIdentityApplication} is made; everything has a default. */
export interface ManagedIdentityOptions {
  /** Which of the host's identities. @default "system-assigned" */
  identity?: ManagedIdentityId;
  /** Attests the key of the certificate, which IMDS asks for today. @default none, and IMDS refuses where it wants one */
  attestation?: AttestationProvider;
  /** Makes the key of each new certificate. @default a new RSA 2048 key in memory */
  bindingKey?: () => BindingKey | Promise<BindingKey>;
  /** Login hosts in no known cloud that IMDS may send the issued certificate to. @default none */
  knownAuthorities?: readonly string[];
  /** What the client can handle, such as `["cp1"]`; goes with bound tokens, other endpoints take none. @default none */
  clientCapabilities?: readonly string[];
  transport?: TransportOptions;
  /** Shared with other applications that are given the same one. @default a cache of its own */
  cache?: TokenCache;
  logger?: Logger;
  /** Where the source is detected; read at each call. @default `process.env` */
  env?: Readonly<NodeJS.ProcessEnv>;
  /** For tests. @default the system's */
  clock?: Clock;
}

const RULES = {
  identity: identityRule,
  attestation: callable,
  bindingKey: callable,
  knownAuthorities: textList,
  clientCapabilities: textList,
  transport: transportRule,
  cache: { expected: "a TokenCache", test: (value) => value instanceof TokenCache },
  logger: record,
  env: identityEnvironment,
  clock: clockRule,
} satisfies Record<keyof ManagedIdentityOptions, OptionRule>;

/**
 * @returns the options as they are now
 * @throws {MtlsPopError} `invalid_options`, `managed_identity_cannot_exchange`
 */
export function readManagedIdentityOptions(given: ManagedIdentityOptions): ManagedIdentityOptions {
  const options = plainCopy("ManagedIdentityApplication", given);
  if ("clientAssertion" in options || "assertions" in options) throw cannotExchange();
  assertOptions("ManagedIdentityApplication", options, RULES);
  return options;
}

/** One request for a managed identity's token. */
export interface ManagedIdentityRequest {
  /** Whose API the token is for, such as `https://vault.azure.net`; a `/.default` after it is no harm. */
  resource: string;
  /** Asks for a token that is bound to a certificate, which only IMDSv2 issues. @default false */
  mtlsProofOfPossession?: boolean;
  /** Asks for a Bearer token over mutual TLS with the certificate that IMDSv2 issues (MSAL: WithRequestOverMtls). @default false */
  sendCertificateOverMtls?: boolean;
  /** Claims that a challenge asked for, as JSON; the cache is not read then. IMDSv1 and App Service are not told them. */
  claims?: string | undefined;
  /** Asks the service even if a token is cached. @default false */
  skipCache?: boolean | undefined;
  /** A GUID that the service logs as well. @default a new one */
  correlationId?: string | undefined;
  /** Ends this caller's wait; others who wait for the same token go on. */
  signal?: AbortSignal | undefined;
}

/** Room for an application id URI, in characters. */
const MAX_RESOURCE = 1000;

const REQUEST_RULES = {
  resource: {
    expected: "a resource such as https://vault.azure.net, without blanks",
    test: (value) => typeof value === "string" && value.length <= MAX_RESOURCE && /^[\x21-\x7e]+$/.test(resourceOf(value)),
    required: true,
  },
  mtlsProofOfPossession: flag,
  sendCertificateOverMtls: flag,
  claims: text,
  skipCache: flag,
  correlationId: guid,
  signal: abortSignal,
} satisfies Record<keyof ManagedIdentityRequest, OptionRule>;

/**
 * @returns the request as it is now, `resource` without `/.default`
 * @throws {MtlsPopError} `invalid_options`, also for a bound token and a Bearer token over mutual TLS at once
 */
export function readManagedIdentityRequest(given: ManagedIdentityRequest): ManagedIdentityRequest {
  const request = plainCopy("acquireToken", given);
  assertOptions("acquireToken", request, REQUEST_RULES);
  if (request.mtlsProofOfPossession && request.sendCertificateOverMtls) {
    throw new MtlsPopError(
      "invalid_options",
      "acquireToken was asked for a bound token (`mtlsProofOfPossession`) and for a Bearer token over mutual TLS (`sendCertificateOverMtls`) at once.",
      { help: "Leave one of them out; a bound token is always asked for over mutual TLS." },
    );
  }
  return { ...request, resource: resourceOf(request.resource) };
}

/** A scope's resource: `https://vault.azure.net/.default` is for `https://vault.azure.net`. */
export function resourceOf(scope: string): string {
  return scope.replace(/\/\.default$/, "");
}
