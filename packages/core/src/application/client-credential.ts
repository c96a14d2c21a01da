import { randomUUID } from "node:crypto";
import { BindingCertificate } from "../certificate/binding-certificate.js";
import type { CertificateSource } from "../certificate/certificate-source.js";
import { MtlsPopError } from "../errors.js";
import { abortable, type WaitLimit } from "../internal/abortable.js";
import { describe, plainCopy, record, text } from "../internal/options.js";
import { signClientAssertion } from "../token/client-assertion.js";
import type { ClientAssertion } from "../token/token-request.js";
import {
  assertionsOf,
  type ClientAssertionCallback,
  type ClientAssertionRequest,
  type ClientAssertionSource,
  type ClientSignedAssertion,
} from "./client-assertion-source.js";
import { currentCertificate } from "./current-certificate.js";

/** What one token request proves itself with. */
export interface Proof {
  /** Presented in the handshake; `undefined` goes to the login host without one. */
  readonly tlsCertificate: BindingCertificate | undefined;
  /** Given the endpoint, the assertion for the form, where the flow has one. */
  readonly clientAssertion: (tokenEndpoint: URL, nowMs: number) => Promise<ClientAssertion> | undefined;
}

/** An application's credential. What it asks of the caller's code is waited for no longer than its time-out. */
export interface ClientCredential {
  /** What the cache knows the credential by while its certificate is not known. */
  readonly cacheId: string;
  /**
   * The certificate for the next request; `undefined` where only the request itself brings it.
   *
   * @param signal ends the wait for it
   */
  certificate(signal?: AbortSignal): BindingCertificate | Promise<BindingCertificate> | undefined;
  /** The same as far as it is known already. */
  knownCertificate(): BindingCertificate | Promise<BindingCertificate> | undefined;
  /** @param certificate what `certificate()` gave for this very request */
  prove(request: ClientAssertionRequest, certificate: BindingCertificate | undefined): Proof | Promise<Proof>;
}

/**
 * A certificate of one's own: over mTLS the handshake is the proof (flow 1); a Bearer request adds or, in the classic flow, consists
 * of a signed assertion.
 *
 * @param timeoutMs how long the source, and a key that signs elsewhere, may take
 * @see PROTOCOL.md section 2, flows 1 and 2
 */
export function certificateCredential(
  source: CertificateSource,
  { sendCertificateOverMtls, timeoutMs }: { sendCertificateOverMtls: boolean; timeoutMs: number },
): ClientCredential {
  const limit = limitOf(timeoutMs, "The `certificate` function gave no certificate");
  const signLimit = limitOf(timeoutMs, "The certificate's key signed no assertion");
  const certificate: ClientCredential["certificate"] =
    typeof source === "function"
      ? (signal) => currentCertificate(source, { signal, limit, name: "The `certificate` function" })
      : () => source;
  return {
    cacheId: "",
    certificate,
    knownCertificate: certificate,
    prove: ({ clientId, mtlsProofOfPossession, signal }, certificate) => ({
      tlsCertificate: mtlsProofOfPossession || sendCertificateOverMtls ? certificate : undefined,
      clientAssertion: (tokenEndpoint, nowMs) => {
        if (mtlsProofOfPossession || !certificate) return undefined;
        const assertion = abortable(signClientAssertion(certificate, { clientId, tokenEndpoint, nowMs }), signal, signLimit);
        return assertion.then((signed) => ({ assertion: signed, type: "jwt-bearer" }));
      },
    }),
  };
}

/** One for each callback, and not for each call. */
function limitOf(timeoutMs: number, what: string): WaitLimit {
  const error = () =>
    new MtlsPopError("timeout", `${what} within ${timeoutMs} ms.`, {
      help: "Let it give up its own calls sooner, or raise `credentialTimeoutMs` if it is known to be slow.",
    });
  return { timeoutMs, error };
}

/**
 * An assertion that somebody else signed, such as the first leg's token.
 *
 * @param timeoutMs how long the callback may take
 * @see PROTOCOL.md section 2, flows 4 and 5
 */
export function assertionCredential(given: ClientAssertionCallback | ClientAssertionSource, timeoutMs: number): ClientCredential {
  const limit = limitOf(timeoutMs, "`clientAssertion` gave no assertion");
  const callback = assertionsOf(given);
  const source = typeof given === "function" ? undefined : given;
  return {
    cacheId: idOf(given),
    certificate: (signal) =>
      source &&
      currentCertificate(() => source.bindingCertificate() ?? source.acquireBindingCertificate({ signal }), {
        signal,
        limit,
        name: "`clientAssertion`",
      }),
    knownCertificate: () => source?.bindingCertificate(),
    prove: async ({ clientId, tenantId, mtlsProofOfPossession, claims, fmiPath, correlationId, signal }) => {
      const request = { clientId, tenantId, mtlsProofOfPossession, claims, fmiPath, correlationId, signal };
      const signed = await abortable(Promise.resolve(callback(request)), signal, limit);
      const { assertion, tokenBindingCertificate: certificate } = readSigned(signed);
      if (request.mtlsProofOfPossession && !certificate) {
        throw new MtlsPopError(
          "mtls_certificate_not_provided",
          "A bound token was asked for, but `clientAssertion` returned no `tokenBindingCertificate`.",
          {
            help: "Return the certificate that the assertion is bound to beside it.",
          },
        );
      }
      const clientAssertion = Promise.resolve({ assertion, type: certificate ? "jwt-pop" : "jwt-bearer" } as const);
      return { tlsCertificate: certificate, clientAssertion: () => clientAssertion };
    },
  };
}

const callbackIds = new WeakMap<ClientAssertionCallback | ClientAssertionSource, string>();

/** One callback gives one application's certificates; another one's tokens may be bound to others. */
function idOf(callback: ClientAssertionCallback | ClientAssertionSource): string {
  const id = callbackIds.get(callback) ?? randomUUID();
  callbackIds.set(callback, id);
  return id;
}

function readSigned(value: unknown): ClientSignedAssertion {
  const signed = record.test(value) ? plainCopy("clientAssertion", value as Partial<ClientSignedAssertion>) : {};
  const { assertion, tokenBindingCertificate } = signed;
  if (typeof assertion !== "string" || !text.test(assertion)) {
    throw new MtlsPopError(
      "invalid_options",
      "`clientAssertion` must return { assertion, tokenBindingCertificate? } with the JWT as a string.",
    );
  }
  if (tokenBindingCertificate !== undefined && !(tokenBindingCertificate instanceof BindingCertificate)) {
    throw new MtlsPopError(
      "invalid_options",
      `\`clientAssertion\` returned as \`tokenBindingCertificate\` ${describe(tokenBindingCertificate)}, which is no BindingCertificate.`,
      { help: "Return what BindingCertificate.fromPem, fromPfx or a certificate source gave." },
    );
  }
  return { assertion, tokenBindingCertificate };
}
