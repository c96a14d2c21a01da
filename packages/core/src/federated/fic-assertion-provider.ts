import { inspect } from "node:util";
import { AuthenticationResult } from "../application/authentication-result.js";
import type { ClientAssertionRequest, ClientAssertionSource, ClientSignedAssertion } from "../application/client-assertion-source.js";
import { guid } from "../application/confidential-client-options.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { type Clock, clockRule, systemClock } from "../internal/clock.js";
import { abortSignal, assertOptions, describe, flag, type OptionRule, plainCopy, text } from "../internal/options.js";
import { FicLeg1Acquirer } from "./fic-leg1-acquirer.js";
import { assertLeg1Token, type Leg1Token } from "./leg1-token.js";

/** What {@link FicAssertionProvider.createAssertion} takes; a request that an application's `clientAssertion` is told fits as it is. */
export interface CreateAssertionOptions extends Partial<ClientAssertionRequest> {
  /**
   * Whether leg 1's certificate comes along: leg 2 then presents it and sends the assertion as `jwt-pop`, for a Bearer result too.
   * `false` makes it `jwt-bearer`, without a certificate, which no bound token can come of.
   *
   * @default true
   */
  readonly bindCertificate?: boolean;
}

const ASSERTION_RULES = {
  bindCertificate: flag,
  clientId: text,
  tenantId: text,
  mtlsProofOfPossession: flag,
  claims: text,
  fmiPath: text,
  correlationId: guid,
  signal: abortSignal,
} satisfies Record<keyof CreateAssertionOptions, OptionRule>;

/** Leg 1's token and certificate; `inspect` and JSON show no token. */
class Leg1Assertion implements ClientSignedAssertion {
  readonly assertion: string;
  readonly tokenBindingCertificate: BindingCertificate | undefined;

  constructor({ accessToken, bindingCertificate }: Leg1Token, bindCertificate: boolean) {
    this.assertion = accessToken;
    this.tokenBindingCertificate = bindCertificate ? bindingCertificate : undefined;
    Object.freeze(this);
  }

  toJSON(): Record<string, unknown> {
    return { assertion: "[redacted]", tokenBindingCertificate: this.tokenBindingCertificate };
  }

  static {
    Object.defineProperty(Leg1Assertion.prototype, inspect.custom, { value: Leg1Assertion.prototype.toJSON });
  }
}

/**
 * Makes leg 2's assertion out of leg 1's token, with the certificate that it is bound to.
 *
 * From an acquirer it has a leg 1 that is renewed, and tells leg 2's cache which certificate is the current one. From a result it has that
 * one token until it ends.
 *
 * @example
 * ```ts
 * const leg1 = new FicLeg1Acquirer(new ConfidentialClientApplication({ clientId, tenantId, certificate }));
 * const assertions = new FicAssertionProvider(leg1);
 * const { assertion, tokenBindingCertificate } = await assertions.createAssertion();
 * ```
 * @see PROTOCOL.md sections 6 and 9; the seed's `FicAssertionProvider`
 */
export class FicAssertionProvider implements ClientAssertionSource {
  readonly #leg1: Pick<FicLeg1Acquirer, "acquireToken" | "bindingCertificate">;

  /**
   * @param leg1 an acquirer, or a result of one
   * @param options `clock`, for tests
   * @throws {MtlsPopError} `token_not_bound` for a result that is not bound, `invalid_options` for one that is not for the exchange
   */
  constructor(leg1: FicLeg1Acquirer | AuthenticationResult, options: { clock?: Clock } = {}) {
    const { clock = systemClock, ...others } = plainCopy("FicAssertionProvider", options);
    assertOptions("FicAssertionProvider", { clock, ...others }, { clock: clockRule });
    this.#leg1 = leg1 instanceof FicLeg1Acquirer ? leg1 : fixed(leg1, clock);
  }

  /**
   * The assertion for one token request.
   *
   * @throws {MtlsPopError} `mtls_certificate_not_provided` for a bound token without the certificate; `assertion_expired` when the result
   * that it was made from has ended; what leg 1 throws
   */
  async createAssertion(given: CreateAssertionOptions = {}): Promise<ClientSignedAssertion> {
    const options = plainCopy("createAssertion", given);
    assertOptions("createAssertion", options, ASSERTION_RULES);
    const { bindCertificate = true, mtlsProofOfPossession = false, correlationId, signal } = options;
    if (mtlsProofOfPossession && !bindCertificate) {
      throw new MtlsPopError("mtls_certificate_not_provided", "A bound token was asked for, but `bindCertificate` is false.", {
        help: "Leave `bindCertificate` out: leg 1's certificate is what the token gets bound to.",
      });
    }
    return new Leg1Assertion(await this.#leg1.acquireToken({ correlationId, signal }), bindCertificate);
  }

  /** The certificate that the next assertion comes with, where leg 1 knows it. It makes no request. */
  bindingCertificate(): BindingCertificate | Promise<BindingCertificate> | undefined {
    return this.#leg1.bindingCertificate();
  }

  /** That certificate, which leg 1 is acquired for where it does not know it yet. */
  async acquireBindingCertificate(request: { signal?: AbortSignal | undefined } = {}): Promise<BindingCertificate> {
    return (await this.#leg1.acquireToken(request)).bindingCertificate;
  }
}

/** A leg 1 that was acquired once and for all. */
function fixed(result: AuthenticationResult, clock: Clock): Pick<FicLeg1Acquirer, "acquireToken" | "bindingCertificate"> {
  if (!(result instanceof AuthenticationResult)) {
    throw new MtlsPopError(
      "invalid_options",
      `FicAssertionProvider takes a FicLeg1Acquirer or the result of one, but got ${describe(result)}.`,
    );
  }
  assertLeg1Token(result);
  return {
    bindingCertificate: () => result.bindingCertificate,
    acquireToken: async () => {
      const { expiresOn } = result;
      if (clock.now() < expiresOn.getTime()) return result;
      throw new MtlsPopError(
        "assertion_expired",
        `Leg 1's token has ended at ${expiresOn.toISOString()}, and a result alone cannot be renewed.`,
        {
          help: "Make the FicAssertionProvider from a FicLeg1Acquirer, which can.",
        },
      );
    },
  };
}
