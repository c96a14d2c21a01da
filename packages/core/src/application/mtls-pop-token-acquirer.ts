import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { callable, record } from "../internal/options.js";
import type { AuthenticationResult } from "./authentication-result.js";
import type { BoundTokenRequest, BoundTokenSource } from "./bound-token-source.js";
import { ConfidentialClientApplication } from "./confidential-client-application.js";
import type { ConfidentialClientOptions } from "./confidential-client-options.js";

/** An application that acquires bound tokens. */
export interface BoundTokenApplication extends BoundTokenSource {
  acquireBoundToken(request: BoundTokenRequest): Promise<AuthenticationResult>;
}

/**
 * The direct flow in one object: a token bound to the application's certificate, and never any other.
 *
 * @example
 * ```ts
 * const acquirer = new MtlsPopTokenAcquirer({ clientId, tenantId, certificate });
 * const result = await acquirer.acquireToken({ scopes: ["https://vault.azure.net/.default"] });
 * ```
 * @see the seed's `MtlsPopTokenAcquirer`
 */
export class MtlsPopTokenAcquirer implements BoundTokenSource {
  readonly #application: BoundTokenApplication;

  /**
   * @param application an application, or the options to make one with
   * @throws {MtlsPopError} as `ConfidentialClientApplication` does
   */
  constructor(application: BoundTokenApplication | ConfidentialClientOptions) {
    if (!record.test(application)) {
      throw new MtlsPopError("invalid_options", "MtlsPopTokenAcquirer takes an application or the options of one.");
    }
    this.#application = isApplication(application) ? application : new ConfidentialClientApplication(application);
  }

  /** A bound token, from the cache when it can. @throws {MtlsPopError} see docs/errors.md */
  async acquireToken(request: BoundTokenRequest): Promise<AuthenticationResult> {
    return this.#application.acquireBoundToken(request);
  }

  async acquireBoundToken(request: BoundTokenRequest): Promise<AuthenticationResult> {
    return this.#application.acquireBoundToken(request);
  }

  bindingCertificate(): BindingCertificate | Promise<BindingCertificate> | undefined {
    return this.#application.bindingCertificate?.();
  }
}

function isApplication(value: BoundTokenApplication | ConfidentialClientOptions): value is BoundTokenApplication {
  return "acquireBoundToken" in value && callable.test(value.acquireBoundToken);
}
