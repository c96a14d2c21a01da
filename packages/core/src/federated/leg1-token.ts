import type { AuthenticationResult } from "../application/authentication-result.js";
import { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { TOKEN_EXCHANGE_URLS } from "./token-exchange-url.js";

/** A token that leg 2 can prove itself with: for the exchange, and bound to a certificate that is there. */
export interface Leg1Token extends AuthenticationResult {
  readonly bindingCertificate: BindingCertificate;
}

/**
 * Refuses what is no leg 1: a Bearer token, a token without its certificate, one for another resource than the exchange.
 *
 * @throws {MtlsPopError} `token_not_bound`, `invalid_options`
 * @see PROTOCOL.md section 6
 */
export function assertLeg1Token(result: AuthenticationResult): asserts result is Leg1Token {
  const { tokenType, bindingCertificate, scopes } = result;
  if (tokenType !== "mtls_pop" || !(bindingCertificate instanceof BindingCertificate)) {
    const found = tokenType === "mtls_pop" ? "has no binding certificate" : `is of type "${String(tokenType).slice(0, 40)}"`;
    throw new MtlsPopError("token_not_bound", `Leg 1 must be an mtls_pop token with its binding certificate, but this one ${found}.`, {
      help: "Acquire it with FicLeg1Acquirer, or with mtlsProofOfPossession: true.",
    });
  }
  const isForExchange = TOKEN_EXCHANGE_URLS.some((url) => scopes.some((scope) => scope === url || scope.startsWith(`${url}/`)));
  if (!isForExchange) {
    throw new MtlsPopError(
      "invalid_options",
      `Leg 1 must be a token for ${TOKEN_EXCHANGE_URLS[0]}, but this one is for ${scopes.join(" ").slice(0, 200)}.`,
      {
        help: `Acquire it with FicLeg1Acquirer, or with scopes: ["${TOKEN_EXCHANGE_URLS[0]}/.default"].`,
      },
    );
  }
}
