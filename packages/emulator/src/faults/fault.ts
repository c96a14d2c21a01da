import type { AadstsCode } from "../entra/aadsts.js";
import type { RecordedRequest } from "../record/recorded-request.js";

/** Where a fault can be put. */
export type FaultTarget = "token" | "key-vault" | "graph" | "custom-api" | "instance-metadata" | "app-service" | "attestation";

interface FaultScope {
  readonly on: FaultTarget;
  /** How many requests meet it. @default 1 */
  readonly times?: number;
  /** Only requests to this host, without port. @default every host of the server */
  readonly host?: string;
  /** Only requests to this path, without query. @default every path */
  readonly path?: string;
}

/** Faults that every server knows. */
export type TransportFault =
  /** The answer waits for `delayMs`, then is the usual one. */
  | { readonly kind: "latency"; readonly delayMs: number }
  /** 429. */
  | { readonly kind: "throttle"; readonly retryAfterSeconds?: number }
  /** 503. */
  | { readonly kind: "unavailable"; readonly retryAfterSeconds?: number }
  /** The connection is reset after the request was read. */
  | { readonly kind: "reset" }
  /** 200 with a body that is not JSON. */
  | { readonly kind: "bad-json" }
  /** Never answered; the socket stays until the client or `close()` ends it. */
  | { readonly kind: "hang" }
  /** The presented certificate is refused as revoked. */
  | { readonly kind: "revoked-certificate" };

/** Faults of the token endpoint alone. */
export type TokenFault =
  /** A Bearer answer to a bound request. */
  | { readonly kind: "downgrade" }
  /** The token is past its time already. */
  | { readonly kind: "expired" }
  /** `cnf` of another certificate. */
  | { readonly kind: "wrong-confirmation" }
  /** `token_type` says bound, the token has no `cnf`. */
  | { readonly kind: "no-confirmation" }
  /** No `token_type` in the answer. */
  | { readonly kind: "no-token-type" }
  /** An access token that is no JWT. */
  | { readonly kind: "opaque-token" }
  /** Entra's refusal of this number, its blanks left open. */
  | { readonly kind: "entra-error"; readonly code: AadstsCode }
  /** TLS connections to this name are cut. */
  | { readonly kind: "region-down" };

/** Faults of the metadata service where it issues a certificate. */
export type CredentialFault =
  /** The certificate is one of another key. */
  | { readonly kind: "wrong-key" }
  /** The answer names another client id. */
  | { readonly kind: "wrong-client-id" }
  /** The answer sends the client to this endpoint for its tokens. */
  | { readonly kind: "wrong-endpoint"; readonly endpoint: string };

/** What goes wrong, where, how often. */
export type Fault = FaultScope & (TransportFault | TokenFault | CredentialFault);

export type FaultKind = Fault["kind"];

/**
 * Asks whether a request meets a fault; one that is handed out counts as met.
 *
 * Called once a request, after its body was read and before it is checked.
 */
export type FaultLookup = (request: RecordedRequest) => Fault | undefined;
