import { ConfidentialClientApplication } from "../application/confidential-client-application.js";
import { guid } from "../application/confidential-client-options.js";
import type { BoundTokenApplication } from "../application/mtls-pop-token-acquirer.js";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { abortSignal, assertOptions, callable, describe, type OptionRule, plainCopy, record, text } from "../internal/options.js";
import { assertLeg1Token, type Leg1Token } from "./leg1-token.js";
import { TOKEN_EXCHANGE_URLS, type TokenExchangeUrl } from "./token-exchange-url.js";

/** What a {@link FicLeg1Acquirer} can be told beside its application. */
export interface FicLeg1AcquirerOptions {
  /**
   * Which cloud's exchange the token is for: US Government and China may want their own, as the federated credential's `audience` says.
   *
   * @default "api://AzureADTokenExchange"
   */
  tokenExchangeUrl?: TokenExchangeUrl;
  /** Path of the federated managed identity, such as an agent's, that leg 1 is for; a confidential client alone takes it. @default none */
  fmiPath?: string;
}

/** One acquisition of leg 1's token. */
export interface FicLeg1Request {
  /** A GUID that the service logs as well. @default a new one */
  correlationId?: string | undefined;
  /** Ends this caller's wait. */
  signal?: AbortSignal | undefined;
}

const OPTION_RULES = {
  tokenExchangeUrl: {
    expected: TOKEN_EXCHANGE_URLS.map((url) => `"${url}"`).join(" or "),
    test: (value) => TOKEN_EXCHANGE_URLS.some((url) => url === value),
  },
  fmiPath: text,
} satisfies Record<keyof FicLeg1AcquirerOptions, OptionRule>;

const REQUEST_RULES = { correlationId: guid, signal: abortSignal } satisfies Record<keyof FicLeg1Request, OptionRule>;

/**
 * Leg 1 of a federated exchange: a managed identity's or a confidential client's bound token for `api://AzureADTokenExchange`, which leg 2
 * proves itself with. It comes from the application's cache, and anew when it has run out.
 *
 * @example
 * ```ts
 * const leg1 = new FicLeg1Acquirer(new ConfidentialClientApplication({ clientId, tenantId, certificate }));
 * const leg1Result = await leg1.acquireToken();
 * ```
 * @see PROTOCOL.md section 6; the seed's `FicLeg1Acquirer`
 */
export class FicLeg1Acquirer {
  readonly #application: BoundTokenApplication;
  readonly #tokenExchangeUrl: TokenExchangeUrl;
  readonly #fmiPath: string | undefined;

  /**
   * @param application a managed identity or a confidential client with a certificate
   * @throws {MtlsPopError} `invalid_options`
   */
  constructor(application: BoundTokenApplication, given: FicLeg1AcquirerOptions = {}) {
    if (!record.test(application) || !callable.test(application.acquireBoundToken)) {
      throw new MtlsPopError("invalid_options", `FicLeg1Acquirer takes an application, but got ${describe(application)}.`, {
        help: "Pass a ManagedIdentityApplication or a ConfidentialClientApplication.",
      });
    }
    const options = plainCopy("FicLeg1Acquirer", given);
    assertOptions("FicLeg1Acquirer", options, OPTION_RULES);
    const { tokenExchangeUrl = TOKEN_EXCHANGE_URLS[0], fmiPath } = options;
    if (fmiPath !== undefined && !(application instanceof ConfidentialClientApplication)) {
      throw new MtlsPopError("invalid_options", "FicLeg1Acquirer takes `fmiPath` with a ConfidentialClientApplication only.", {
        help: "Make a managed identity leg 1 of an application of its own, and let that one ask with `fmiPath`.",
      });
    }
    this.#application = application;
    this.#tokenExchangeUrl = tokenExchangeUrl;
    this.#fmiPath = fmiPath;
  }

  /**
   * Leg 1's token with its certificate.
   *
   * @throws {MtlsPopError} `token_not_bound` when the application gives another token than a bound one; what the application throws
   */
  async acquireToken(given: FicLeg1Request = {}): Promise<Leg1Token> {
    const request = plainCopy("FicLeg1Acquirer", given);
    assertOptions("FicLeg1Acquirer", request, REQUEST_RULES);
    const { correlationId, signal } = request;
    const question = { scopes: [`${this.#tokenExchangeUrl}/.default`], correlationId, signal };
    const application = this.#application;
    const result =
      this.#fmiPath !== undefined && application instanceof ConfidentialClientApplication
        ? await application.acquireTokenByClientCredential({ ...question, fmiPath: this.#fmiPath, mtlsProofOfPossession: true })
        : await application.acquireBoundToken(question);
    assertLeg1Token(result);
    return result;
  }

  /** The certificate that the next token is bound to, where the application knows it. It makes no request. */
  bindingCertificate(): BindingCertificate | Promise<BindingCertificate> | undefined {
    return this.#application.bindingCertificate?.();
  }
}
