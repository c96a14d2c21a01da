import { RegionDetector } from "../authority/region-detector.js";
import type { TokenEndpointAuthority } from "../authority/token-endpoint-authority.js";
import { BindingCertificate } from "../certificate/binding-certificate.js";
import type { CertificateSource } from "../certificate/certificate-source.js";
import { MtlsPopError } from "../errors.js";
import { type Clock, clockRule } from "../internal/clock.js";
import type { Logger } from "../internal/logger.js";
import {
  abortSignal,
  assertOptions,
  flag,
  milliseconds,
  type OptionRule,
  plainCopy,
  record,
  text,
  textList,
  unknownOption,
} from "../internal/options.js";
import { TokenCache } from "../token/token-cache.js";
import { assertExtraBodyParameters } from "../token/token-request.js";
import { type TransportOptions, transportRule } from "../transport/transport-options.js";
import { type ClientAssertionCallback, type ClientAssertionSource, clientAssertionRule } from "./client-assertion-source.js";
import { assertTokenEndpointOptions, hasTokenEndpoint } from "./token-endpoint-rules.js";

/** Everything about a {@link ConfidentialClientApplication} but its credential. */
export interface ConfidentialClientBaseOptions {
  /** The application's id. */
  clientId: string;
  /**
   * E.g. `https://login.microsoftonline.com/{tenant}`; without a tenant in it, `tenantId` is needed. A server by RFC 8705 that is not Entra is
   * given by its token endpoint, and goes with `certificate` alone, without what is Entra's. @default the public cloud
   */
  authority?: string | TokenEndpointAuthority;
  /** GUID or domain name of the directory. @default the authority's */
  tenantId?: string;
  /** A region such as `westus3`, or `"auto"` to find it out. @default the global endpoint */
  azureRegion?: string;
  /** Whether a region that was named here may be left for the global endpoint when it cannot be reached. @default false */
  fallbackToGlobal?: boolean;
  /** What the client can handle, such as `["cp1"]` for claims challenges. @default none */
  clientCapabilities?: readonly string[];
  /** Login hosts in no known cloud that may be handed the certificate; an entry with a port matches that port only. @default none */
  knownAuthorities?: readonly string[];
  /** Presents the certificate in TLS for Bearer tokens as well (flow 2); a bound request does so anyway. @default false */
  sendCertificateOverMtls?: boolean;
  /** Accepted because the seeds ask for it; the chain always goes where it is of use, so it has no effect. */
  sendX5C?: boolean;
  /** Milliseconds that a `certificate` function, `clientAssertion`, or a key that signs elsewhere, may take. @default 30000, and 120000 for a `FicAssertionProvider` */
  credentialTimeoutMs?: number;
  transport?: TransportOptions;
  logger?: Logger;
  /** Shared with other applications that are given the same one. @default a cache of its own */
  cache?: TokenCache;
  /** For tests. @default the system's */
  clock?: Clock;
  /** For tests: what `azureRegion: "auto"` asks. @default the process's own */
  regionDetector?: RegionDetector;
  /** Not a credential here: nothing could be bound to it. */
  clientSecret?: never;
}

/** How a {@link ConfidentialClientApplication} is made: by a certificate, or by an assertion that somebody else signs. */
export type ConfidentialClientOptions = ConfidentialClientBaseOptions &
  (
    | { certificate: CertificateSource; clientAssertion?: never }
    | { clientAssertion: ClientAssertionCallback | ClientAssertionSource; certificate?: never }
  );

/** A GUID in Entra; another authority may have another form, but none with a blank, which parts the cache key. */
const clientIdRule: OptionRule = {
  expected: "the application's id, without blanks",
  test: (value) => typeof value === "string" && /^[\x21-\x7e]{1,255}$/.test(value),
  required: true,
};

const certificateRule: OptionRule = {
  expected: "a BindingCertificate or a function that returns one",
  test: (value) => typeof value === "function" || value instanceof BindingCertificate,
};

const RULES = {
  clientId: clientIdRule,
  authority: {
    expected: "a URL as a string, or { tokenEndpoint, tokenType } for a server that is not Entra",
    test: (value) => text.test(value) || record.test(value),
  },
  tenantId: text,
  azureRegion: text,
  fallbackToGlobal: flag,
  clientCapabilities: textList,
  knownAuthorities: textList,
  sendCertificateOverMtls: flag,
  sendX5C: flag,
  credentialTimeoutMs: milliseconds,
  transport: transportRule,
  logger: record,
  cache: { expected: "a TokenCache", test: (value) => value instanceof TokenCache },
  clock: clockRule,
  regionDetector: { expected: "a RegionDetector", test: (value) => value instanceof RegionDetector },
  certificate: certificateRule,
  clientAssertion: clientAssertionRule,
} satisfies Record<Exclude<keyof ConfidentialClientOptions, "clientSecret">, OptionRule>;

/**
 * @returns the options as they are now
 * @throws {MtlsPopError} `client_secret_not_supported`, `invalid_options`, `mtls_certificate_not_provided`
 */
export function readConfidentialClientOptions(given: ConfidentialClientOptions): ConfidentialClientOptions {
  const options = plainCopy("ConfidentialClientApplication", given);
  if ("clientSecret" in options) {
    throw new MtlsPopError("client_secret_not_supported", "A client secret is no credential here: a token cannot be bound to it.", {
      help: "Pass `certificate`.",
    });
  }
  assertOptions("ConfidentialClientApplication", options, RULES);
  if (hasTokenEndpoint(options)) assertTokenEndpointOptions(options);
  const { certificate, clientAssertion, authority, tenantId } = options;
  if (!certificate === !clientAssertion) {
    throw new MtlsPopError(
      certificate ? "invalid_options" : "mtls_certificate_not_provided",
      `ConfidentialClientApplication needs exactly one credential, but got ${certificate ? "both `certificate` and `clientAssertion`" : "none"}.`,
      { help: "Pass `certificate`, or `clientAssertion` for a federated exchange." },
    );
  }
  if (!authority && !tenantId) {
    throw new MtlsPopError("invalid_options", "ConfidentialClientApplication needs `tenantId` or an `authority` with a tenant in it.");
  }
  return options;
}

/** One request for a token. */
export interface ClientCredentialRequest {
  /** The resource's `/.default` scope; for a server that is not Entra its own scopes, or none. */
  scopes: readonly string[];
  /** Asks for a token that is bound to the certificate. @default false */
  mtlsProofOfPossession?: boolean;
  /** Claims that a challenge asked for, as JSON; the cache is not read then. */
  claims?: string | undefined;
  /** Asks the service even if a token is cached. @default false */
  skipCache?: boolean | undefined;
  /** Further fields of the form; those that the library decides are refused. */
  extraBodyParameters?: Readonly<Record<string, string>>;
  /** Path of the federated managed identity that the token is for. */
  fmiPath?: string;
  /** Another tenant than the application's, for this request. */
  tenantId?: string;
  /** A GUID that the service logs as well. @default a new one */
  correlationId?: string | undefined;
  /** Ends this caller's wait; others who wait for the same token go on. */
  signal?: AbortSignal | undefined;
}

export const guid: OptionRule = {
  expected: "a GUID",
  test: (value) => typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
};

const REQUEST_RULES: Readonly<Record<keyof ClientCredentialRequest, OptionRule>> = {
  scopes: { ...textList, required: true },
  mtlsProofOfPossession: flag,
  claims: text,
  skipCache: flag,
  extraBodyParameters: record,
  fmiPath: text,
  tenantId: text,
  correlationId: guid,
  signal: abortSignal,
};

/** By name, and by no name that every object has. */
const RULE_OF: ReadonlyMap<string, OptionRule> = new Map(Object.entries(REQUEST_RULES));

/**
 * Like `assertOptions`, but for every call: it looks only at what is there.
 *
 * @param where the method, for messages
 * @returns the request as it is now, whatever becomes of the caller's object
 * @throws {MtlsPopError} `invalid_options`, `reserved_body_parameter`
 */
export function readClientCredentialRequest(where: string, given: ClientCredentialRequest): ClientCredentialRequest {
  if (!record.test(given)) assertOptions(where, given, REQUEST_RULES);
  const request = plainCopy(where, given);
  for (const name in request) {
    const rule = RULE_OF.get(name);
    if (!rule) throw unknownOption(where, name, [...RULE_OF.keys()]);
    const value = request[name];
    if (value !== undefined && !rule.test(value)) assertOptions(where, request, REQUEST_RULES);
  }
  if (!request.scopes) assertOptions(where, request, REQUEST_RULES);
  if (!request.extraBodyParameters) return request;
  const extraBodyParameters = plainCopy("extraBodyParameters", request.extraBodyParameters);
  assertExtraBodyParameters(extraBodyParameters);
  return { ...request, extraBodyParameters };
}
