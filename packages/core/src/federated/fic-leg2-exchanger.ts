import type { AuthenticationResult } from "../application/authentication-result.js";
import type { BoundTokenRequest, BoundTokenSource } from "../application/bound-token-source.js";
import { ConfidentialClientApplication } from "../application/confidential-client-application.js";
import type { ClientCredentialRequest, ConfidentialClientBaseOptions } from "../application/confidential-client-options.js";
import { ManagedIdentityApplication } from "../application/managed-identity-application.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { describe, plainCopy, record } from "../internal/options.js";
import { cannotExchange } from "../managed-identity/cannot-exchange.js";
import { FicAssertionProvider } from "./fic-assertion-provider.js";

/** How a {@link FicLeg2Exchanger} is made without an application: by the options of one, with leg 1's assertions as its credential. */
export interface FicLeg2ExchangerOptions extends ConfidentialClientBaseOptions {
  /** What leg 2 proves itself with. */
  assertions: FicAssertionProvider;
  certificate?: never;
  clientAssertion?: never;
}

/**
 * Leg 2 of a federated exchange: a confidential client that proves itself with leg 1's token, over a connection with leg 1's certificate, and
 * gets a Bearer token or one that is bound to that same certificate.
 *
 * Its cache follows the certificate: once leg 1's has changed, tokens that are bound to the old one are not served.
 *
 * @example
 * ```ts
 * const leg1 = new FicLeg1Acquirer(new ManagedIdentityApplication());
 * const leg2 = new FicLeg2Exchanger({ clientId, tenantId, assertions: new FicAssertionProvider(leg1) });
 * const result = await leg2.exchangeToken({ scopes: ["https://graph.microsoft.com/.default"], mtlsProofOfPossession: true });
 * ```
 * @see PROTOCOL.md sections 2 (flows 4 and 5), 6 and 9; the seed's `FicLeg2Exchanger`
 */
export class FicLeg2Exchanger implements BoundTokenSource {
  readonly #application: ConfidentialClientApplication;

  /**
   * @param options those of a confidential client, with `assertions` as its credential
   * @throws {MtlsPopError} `managed_identity_cannot_exchange`, `invalid_options`; as `ConfidentialClientApplication` does
   */
  constructor(options: FicLeg2ExchangerOptions);
  /**
   * @param application a confidential client; the assertions take the place of its own credential
   * @param assertions what leg 2 proves itself with
   */
  constructor(application: ConfidentialClientApplication, assertions: FicAssertionProvider);
  constructor(given: ConfidentialClientApplication | FicLeg2ExchangerOptions, assertions?: FicAssertionProvider) {
    this.#application =
      given instanceof ConfidentialClientApplication
        ? given.withClientAssertion(assertProvider(assertions))
        : applicationOf(given, assertions);
  }

  /**
   * Exchanges leg 1's token for one of a resource, from the cache when it can.
   *
   * @returns bound to leg 1's certificate when `mtlsProofOfPossession` is set, else `Bearer`
   * @throws {MtlsPopError} see docs/errors.md; the signal's reason when aborted
   */
  async exchangeToken(request: ClientCredentialRequest): Promise<AuthenticationResult> {
    return this.#application.acquireTokenByClientCredential(request);
  }

  /** A bound token: `exchangeToken` with `mtlsProofOfPossession` set. */
  async acquireBoundToken(request: BoundTokenRequest): Promise<AuthenticationResult> {
    return this.#application.acquireBoundToken(request);
  }

  /** Leg 1's certificate, where it is known. */
  bindingCertificate(): BindingCertificate | Promise<BindingCertificate> | undefined {
    return this.#application.bindingCertificate();
  }
}

function applicationOf(given: FicLeg2ExchangerOptions, assertions: unknown): ConfidentialClientApplication {
  if (given instanceof ManagedIdentityApplication) throw cannotExchange();
  if (!record.test(given) || assertions !== undefined) {
    throw new MtlsPopError(
      "invalid_options",
      `FicLeg2Exchanger takes a ConfidentialClientApplication and its assertions, or options alone, but got ${describe(given)}.`,
    );
  }
  const { assertions: own, ...options } = plainCopy("FicLeg2Exchanger", given);
  // an option of a managed identity's and of no other application
  if ("identity" in options) throw cannotExchange();
  for (const name of ["certificate", "clientAssertion"]) {
    if (name in options)
      throw new MtlsPopError("invalid_options", `FicLeg2Exchanger takes \`assertions\` as its only credential, and no \`${name}\`.`);
  }
  return new ConfidentialClientApplication({ ...options, clientAssertion: assertProvider(own) });
}

function assertProvider(assertions: unknown): FicAssertionProvider {
  if (assertions instanceof FicAssertionProvider) return assertions;
  throw new MtlsPopError(
    "invalid_options",
    `FicLeg2Exchanger takes \`assertions\` as a FicAssertionProvider, but got ${describe(assertions)}.`,
    {
      help: "Pass new FicAssertionProvider(leg1) with leg 1's acquirer or result.",
    },
  );
}
