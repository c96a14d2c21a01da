import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { assertConfirmation } from "../token/confirmation.js";
import { AuthenticationResult, type AuthenticationResultFields } from "./authentication-result.js";

/** The fields of a result whose token is bound. */
export interface BoundResultFields extends AuthenticationResultFields {
  bindingCertificate: BindingCertificate;
}

/** Bearer tokens that were seen to be bound. Kept here alone, so that nobody else's object can be among them. */
const confirmedBearers = new WeakSet<object>();

/**
 * A result whose token names its certificate. With the type `Bearer` it is remembered as the one thing of that name that a call takes.
 *
 * @throws {MtlsPopError} `confirmation_missing`, `confirmation_mismatch`
 */
export function confirmedResult(fields: BoundResultFields): AuthenticationResult {
  const { accessToken, bindingCertificate, correlationId, tokenType } = fields;
  assertConfirmation(accessToken, bindingCertificate, correlationId, tokenType);
  const result = new AuthenticationResult(fields);
  if (tokenType === "Bearer") confirmedBearers.add(result);
  return result;
}

/**
 * Whether a token is a `Bearer` token of a server that is not Entra, whose `cnf` was found to name the certificate that is with it.
 *
 * @see PROTOCOL.md section 9
 */
export function isConfirmedBearer(token: object): boolean {
  return confirmedBearers.has(token);
}
