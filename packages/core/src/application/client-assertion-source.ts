import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { callable, type OptionRule, record } from "../internal/options.js";

/** What a {@link ClientAssertionCallback} is told. */
export interface ClientAssertionRequest {
  readonly clientId: string;
  readonly tenantId: string;
  /** Whether the token is to be bound; if so, a `tokenBindingCertificate` must come back. */
  readonly mtlsProofOfPossession: boolean;
  readonly claims?: string | undefined;
  readonly fmiPath?: string | undefined;
  readonly correlationId: string;
  readonly signal: AbortSignal;
}

/** An assertion signed elsewhere, with the certificate that it is bound to. */
export interface ClientSignedAssertion {
  /** A JWT. */
  readonly assertion: string;
  /** Presented in the TLS handshake; the assertion then goes as `jwt-pop`. */
  readonly tokenBindingCertificate?: BindingCertificate | undefined;
}

/** Returns assertion and certificate together; asked once for each token request, and not for a token from the cache. */
export type ClientAssertionCallback = (request: ClientAssertionRequest) => Promise<ClientSignedAssertion>;

/**
 * A `clientAssertion` that can tell its certificate before it gives an assertion, so that the cache serves only tokens that are bound to that
 * one; a function alone cannot. `FicAssertionProvider` is one.
 */
export interface ClientAssertionSource {
  /** Assertion and certificate together; asked once for each token request, and not for a token from the cache. */
  createAssertion(request: ClientAssertionRequest): Promise<ClientSignedAssertion>;
  /** The certificate that the next assertion will come with, where it is known. Asked for every token, so it makes no request. */
  bindingCertificate(): BindingCertificate | Promise<BindingCertificate> | undefined;
  /** Finds that certificate out, when it is not known yet. */
  acquireBindingCertificate(request: { signal?: AbortSignal | undefined }): Promise<BindingCertificate>;
}

const METHODS = ["createAssertion", "bindingCertificate", "acquireBindingCertificate"] as const;

/** What `clientAssertion` takes. */
export const clientAssertionRule: OptionRule = {
  expected: "a function or an object such as a FicAssertionProvider",
  test: (value) => callable.test(value) || (record.test(value) && METHODS.every((name) => callable.test(Reflect.get(Object(value), name)))),
};

/** Assertions alone. */
export function assertionsOf(given: ClientAssertionCallback | ClientAssertionSource): ClientAssertionCallback {
  return typeof given === "function" ? given : (request) => given.createAssertion(request);
}
