import type { X509Certificate } from "node:crypto";
import type { AuthorizationScheme } from "../resource/authorization-scheme.js";
import type { PresentedCertificate } from "./presented-certificate.js";

/** What a request brings as its proof. */
export interface PopCredentials {
  /** The `Authorization` header, as it came. */
  authorization: string | null | undefined;
  /**
   * The certificate whose key the caller has proved to have, in the TLS handshake: an `X509Certificate`, DER, or what a proxy that ended
   * TLS forwards. Never what a caller could have written itself: a certificate is public.
   */
  certificate: PresentedCertificate | null | undefined;
  /** Ends the wait for the issuer's keys. */
  signal?: AbortSignal | undefined;
}

/** The claims of a token that was taken; `iss`, `aud`, `exp` and `cnf` have been checked, of the others that they are the issuer's. */
export interface PopTokenClaims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  /** Seconds since the epoch. */
  readonly exp: number;
  /** SHA-256 of the caller's certificate in base64url. */
  readonly cnf: { readonly "x5t#S256": string };
  readonly [name: string]: unknown;
}

/** A caller that has shown a token and the certificate that it is bound to. */
export interface VerifiedPopToken {
  readonly claims: PopTokenClaims;
  /** Who the token was issued to: `azp`, in Entra's older tokens `appid`, elsewhere `client_id` (RFC 9068). */
  readonly clientId: string | undefined;
  /** The caller's. Its dates and its issuer are not checked: the authority that bound the token to it has done that. */
  readonly certificate: X509Certificate;
  /** How the token was announced. */
  readonly scheme: AuthorizationScheme;
}
