import { AuthenticationResult } from "../application/authentication-result.js";
import type { BoundToken } from "../application/bound-token-source.js";
import { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";

/** A token that may go over a connection with its certificate. */
export interface UsableToken extends BoundToken {
  readonly bindingCertificate: BindingCertificate;
}

const FIELDS = ["accessToken", "tokenType", "bindingCertificate"] as const satisfies readonly (keyof BoundToken)[];

/** What may stand behind the scheme in an `Authorization` header (RFC 9110 section 11.2). */
const TOKEN68 = /^[\w.~+/-]+=*$/;

/** Looked at once each: a cached token comes again and again. */
const usable = new WeakSet<object>();

/**
 * Refuses what a token source gave unless it is bound to a certificate that is there.
 *
 * @throws {MtlsPopError} `token_not_bound`
 */
export function assertBound(token: BoundToken): asserts token is UsableToken {
  if (usable.has(token)) return;
  const flaw = flawOf(token);
  if (flaw !== undefined) {
    throw new MtlsPopError("token_not_bound", `The token source gave ${flaw}, but a call takes a bound token with its certificate alone.`, {
      help: 'Return { accessToken, tokenType: "mtls_pop", bindingCertificate }, such as acquireTokenByClientCredential gives with mtlsProofOfPossession: true.',
    });
  }
  if (isImmutable(token)) usable.add(token);
}

/** Frozen is not enough: a getter of somebody else's may give another token each time. */
function isImmutable(token: BoundToken): boolean {
  if (!Object.isFrozen(token)) return false;
  return (
    Object.getPrototypeOf(token) === AuthenticationResult.prototype ||
    FIELDS.every((name) => Object.hasOwn(Object.getOwnPropertyDescriptor(token, name) ?? {}, "value"))
  );
}

/** Never quotes the token. */
function flawOf(token: unknown): string | undefined {
  if (typeof token !== "object" || token === null) return "nothing";
  const { accessToken, tokenType, bindingCertificate } = token as Partial<Record<keyof BoundToken, unknown>>;
  if (typeof tokenType !== "string" || tokenType.toLowerCase() !== "mtls_pop") {
    return typeof tokenType === "string" ? `a token of type "${tokenType.slice(0, 40)}"` : "a token without a type";
  }
  if (!(bindingCertificate instanceof BindingCertificate)) return "a token without a BindingCertificate";
  if (typeof accessToken !== "string" || !TOKEN68.test(accessToken)) return "something that is no access token";
  return undefined;
}
