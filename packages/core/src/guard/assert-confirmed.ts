import { timingSafeEqual, type X509Certificate } from "node:crypto";
import { thumbprintsOf } from "../certificate/thumbprint.js";
import { MtlsPopError } from "../errors.js";
import { record } from "../internal/options.js";

/** SHA-256 in base64url without padding. */
const THUMBPRINT = /^[\w-]{43}$/;

/**
 * Checks that verified claims name the certificate that was presented, in a time that does not tell how much of it is right.
 *
 * @returns the confirmation
 * @throws {MtlsPopError} `token_confirmation_missing`, `token_confirmation_mismatch`
 * @see RFC 8705 section 3.1
 */
export function assertConfirmed(cnf: unknown, certificate: X509Certificate): { readonly "x5t#S256": string } {
  const confirmation: unknown = record.test(cnf) ? Reflect.get(Object(cnf), "x5t#S256") : undefined;
  if (typeof confirmation !== "string" || !THUMBPRINT.test(confirmation)) {
    throw new MtlsPopError("token_confirmation_missing", "The token names no certificate (cnf.x5t#S256): it is bound to nothing.", {
      help: "The caller has to acquire it as a bound token, with `token_type=mtls_pop`.",
    });
  }
  const { x5tS256 } = thumbprintsOf(certificate.raw);
  if (!timingSafeEqual(Buffer.from(confirmation, "latin1"), Buffer.from(x5tS256, "latin1"))) {
    throw new MtlsPopError(
      "token_confirmation_mismatch",
      `The token is bound to ${confirmation}, the certificate that came with it is ${x5tS256}.`,
      {
        help: "The caller has to show the certificate that its token was acquired with. Else the token was stolen, or a proxy on the way shows its own.",
      },
    );
  }
  return { "x5t#S256": confirmation };
}
