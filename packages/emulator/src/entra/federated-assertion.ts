import { errors, type JWTPayload } from "jose";
import { EntraError } from "./aadsts.js";
import type { Application } from "./application-registry.js";
import { invalidSignature } from "./client-assertion.js";
import { confirmationOf } from "./confirmation.js";
import type { SigningKeys } from "./signing-keys.js";

/** The audience of a leg-1 token. @see PROTOCOL.md section 6 */
const TOKEN_EXCHANGE_AUDIENCE = "api://AzureADTokenExchange";

/**
 * Checks a token of this emulator that stands for an application (a federated identity credential).
 *
 * @returns the certificate that the token is bound to, as `x5t#S256`; `undefined` for a Bearer token
 * @throws {EntraError} 700024, 700027, 700212, 700213
 */
export async function verifyFederatedAssertion(jwt: string, application: Application, keys: SigningKeys): Promise<string | undefined> {
  const claims = await keys.verify(jwt).catch((cause: unknown): never => {
    throw cause instanceof errors.JWTExpired ? expired(cause.payload) : invalidSignature("The key was not found.");
  });
  if (claims.aud !== TOKEN_EXCHANGE_AUDIENCE) throw new EntraError(700212, { audience: String(claims.aud) });
  const subject = String(claims.sub);
  if (application.federatedSubjects && !application.federatedSubjects.includes(subject)) throw new EntraError(700213, { subject });
  return confirmationOf(claims);
}

function expired({ nbf, exp }: JWTPayload): EntraError {
  const iso = (seconds = 0) => new Date(seconds * 1000).toISOString();
  return new EntraError(700024, { now: new Date().toISOString(), notBefore: iso(nbf), expires: iso(exp) });
}
