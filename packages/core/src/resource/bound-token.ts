import { AuthenticationResult } from "../application/authentication-result.js";
import type { BoundToken } from "../application/bound-token-source.js";
import { isConfirmedBearer } from "../application/confirmed-result.js";
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
 * Refuses what a token source gave unless it is bound to a certificate that is there. What says `Bearer` is refused, but for the very result of an
 * authority that was given by its token endpoint.
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

/**
 * The scheme of a token that is not announced as a resource's other ones are: RFC 8705 has `Bearer` for what a server calls so. Never that of a
 * token of Entra's.
 *
 * @see PROTOCOL.md section 9
 */
export function ownSchemeOf(token: UsableToken): "Bearer" | undefined {
  return token.tokenType === "Bearer" && isConfirmedBearer(token) ? "Bearer" : undefined;
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
  if (typeof tokenType !== "string" || (tokenType.toLowerCase() !== "mtls_pop" && !isConfirmedBearer(token))) {
    return typeof tokenType === "string" ? `a token of type "${tokenType.slice(0, 40)}"` : "a token without a type";
  }
  if (!(bindingCertificate instanceof BindingCertificate)) return "a token without a BindingCertificate";
  if (typeof accessToken !== "string" || !TOKEN68.test(accessToken)) return "something that is no access token";
  return undefined;
}
