import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { record } from "../internal/options.js";

/** As much of a foreign thumbprint as a SHA-256 in base64url is long, in characters. */
const MAX_SHOWN = 43;

/**
 * Checks that a token that was asked for as bound names the certificate of the connection it came over. A token that is no readable
 * JWT (opaque, encrypted) is the resource's to read, and passes.
 *
 * @throws {MtlsPopError} `confirmation_missing` (a Bearer token in disguise), `confirmation_mismatch`
 * @see RFC 8705 section 3.1
 */
export function assertConfirmation(accessToken: string, certificate: BindingCertificate, correlationId: string): void {
  const claims = readJwtClaims(accessToken);
  if (!claims) return;
  const { cnf } = claims;
  const thumbprint = isObject(cnf) ? cnf["x5t#S256"] : undefined;
  if (typeof thumbprint !== "string") {
    throw new MtlsPopError("confirmation_missing", "The service called the token mtls_pop, but it names no certificate (cnf.x5t#S256).", {
      correlationId,
      help: "It would work without the certificate, so it is not used. Report the correlation id to the authority's operator.",
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
