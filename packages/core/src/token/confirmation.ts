import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { record } from "../internal/options.js";
import type { TokenType } from "./token-response.js";

/** As much of a foreign thumbprint as a SHA-256 in base64url is long, in characters. */
const MAX_SHOWN = 43;

/**
 * Checks that a token that was asked for as bound names the certificate of the connection it came over. An `mtls_pop` token that is no readable
 * JWT (opaque, encrypted) is the resource's to read, and passes. A `Bearer` token does not: nothing but its content tells it from one that is
 * bound to nothing.
 *
 * @param tokenType what the server calls the token
 * @throws {MtlsPopError} `confirmation_missing` (a Bearer token in disguise), `confirmation_mismatch`
 * @see RFC 8705 section 3.1
 */
export function assertConfirmation(
  accessToken: string,
  certificate: BindingCertificate,
  correlationId: string,
  tokenType: TokenType = "mtls_pop",
): void {
  const claims = readJwtClaims(accessToken);
  if (!claims && tokenType === "mtls_pop") return;
  if (!claims) {
    throw new MtlsPopError("confirmation_missing", "The token of type Bearer is no readable JWT, so nothing shows that it is bound.", {
      correlationId,
      help: "Have the server issue JWTs (RFC 9068) to this client. What introspection would say of the token is for the resource alone.",
    });
  }
  const { cnf } = claims;
  const thumbprint = isObject(cnf) ? cnf["x5t#S256"] : undefined;
  if (typeof thumbprint !== "string") {
    throw new MtlsPopError("confirmation_missing", `The token of type ${tokenType} names no certificate (cnf.x5t#S256).`, {
      correlationId,
      help:
        tokenType === "mtls_pop"
          ? "It would work without the certificate, so it is not used. Report the correlation id to the authority's operator."
          : "It would work without the certificate, so it is not used. Have the server bind this client's tokens (tls_client_certificate_bound_access_tokens).",
    });
  }
  if (thumbprint !== certificate.x5tS256) {
    throw new MtlsPopError(
      "confirmation_mismatch",
      `The token is bound to the certificate ${JSON.stringify(thumbprint.slice(0, MAX_SHOWN))}, but the request was made with ${certificate.x5tS256} (cnf.x5t#S256).`,
      {
        correlationId,
        help: "Something between this host and the authority presented another certificate, such as a proxy that ends TLS.",
      },
    );
  }
}

/** The claims of a JWT, unverified; `undefined` for what is no readable JWT. */
export function readJwtClaims(token: string): Record<string, unknown> | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString("utf8"));
    // RFC 7519 section 7.2: a JWT's claims are an object
    return isObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return record.test(value);
}
