import type { X509Certificate } from "node:crypto";
import { x5tS256 } from "../pki/issued-certificate.js";
import { EntraError } from "./aadsts.js";
import type { Application } from "./application-registry.js";
import { assertInTime, assertRegistered, type CertificateStandings, parseCertificate } from "./certificate-trust.js";
import { decode, verifyClientAssertion } from "./client-assertion.js";
import type { EntraHost } from "./entra-hosts.js";
import { verifyFederatedAssertion } from "./federated-assertion.js";
import type { SigningKeys } from "./signing-keys.js";
import { malformed, type TokenForm, unsupportedTokenType } from "./token-form.js";

/** Everything that says who a client is. */
export interface ClientCredentials {
  readonly host: EntraHost;
  readonly form: TokenForm;
  readonly application: Application;
  /** DER of the certificate of the TLS connection. */
  readonly clientCertificate: Buffer | undefined;
  readonly tokenEndpoint: string;
  readonly now: Date;
}

/** What client authentication rests on. */
export interface ClientAuthentication {
  readonly keys: SigningKeys;
  /** Whether an `iss` is one of this emulator's. */
  readonly isIssuer: (issuer: string | undefined) => boolean;
  readonly authority: CertificateStandings;
}

/**
 * Tells the flows of PROTOCOL.md section 2 apart and checks the one that was taken.
 *
 * @returns `x5t#S256` of the certificate that a bound token gets; `undefined` for a Bearer token
 * @throws {EntraError} when the credential does not fit the endpoint, the application or the token that was asked for
 */
export async function authenticateClient(credentials: ClientCredentials, means: ClientAuthentication): Promise<string | undefined> {
  const { host, form, application } = credentials;
  if (application.publicClient && form.assertion) throw new EntraError(700025);
  if (form.tokenType === "Bearer" && form.namesTokenType) throw unsupportedTokenType("bearer");
  if (host.kind === "login") {
    await authenticateByAssertion(credentials, means);
    return undefined;
  }
  const certificate = presented(credentials);
  if (!application.mtlsClientAuthentication) throw new EntraError(51000);
  if (form.assertion?.type === "jwt-pop") {
    const confirmation = await verifyFederatedAssertion(form.assertion.jwt, application, means.keys);
    if (confirmation !== x5tS256(certificate.raw)) throw new EntraError(500181);
    if (means.authority.standing(certificate.raw) === "revoked") throw new EntraError(7000214);
  } else {
    if (application.trust !== "subject-name-issuer") throw new EntraError(392189, { clientId: application.clientId });
    assertRegistered(application, certificate, means.authority);
    if (form.tokenType === "mtls_pop") {
      if (form.assertion)
        throw malformed("The client certificate of the connection is the credential: 'client_assertion' may not come with it.");
    } else {
      await authenticateOverMtls(certificate, credentials, means);
    }
  }
  return form.tokenType === "mtls_pop" ? x5tS256(certificate.raw) : undefined;
}

/** The login host: a signed assertion, whatever certificate the connection may have shown. */
async function authenticateByAssertion(credentials: ClientCredentials, means: ClientAuthentication): Promise<void> {
  const { form, application } = credentials;
  if (form.tokenType === "mtls_pop") throw malformed("A 'token_type' of 'mtls_pop' is served by the mTLS endpoint alone.");
  if (!form.assertion) throw new EntraError(7000218);
  if (form.assertion.type === "jwt-pop") throw malformed("An assertion of type 'jwt-pop' is taken by the mTLS endpoint alone.");
  if (!means.isIssuer(decode(form.assertion.jwt).claims.iss)) {
    await verifyClientAssertion(form.assertion.jwt, { ...credentials, authority: means.authority });
    return;
  }
  const confirmation = await verifyFederatedAssertion(form.assertion.jwt, application, means.keys);
  if (confirmation !== undefined) {
    throw new EntraError(50027, { detail: "It is bound to a certificate, so it needs the type 'jwt-pop' and that certificate." });
  }
}

/** Flow (2): the key that signs the assertion is the one of the connection. */
async function authenticateOverMtls(
  certificate: X509Certificate,
  credentials: ClientCredentials,
  means: ClientAuthentication,
): Promise<void> {
  const { assertion } = credentials.form;
  if (!assertion) throw new EntraError(7000218);
  const signer = await verifyClientAssertion(assertion.jwt, { ...credentials, authority: means.authority });
  if (!signer.raw.equals(certificate.raw)) throw new EntraError(500181);
}

/**
 * The certificate of the connection.
 *
 * @throws {EntraError} 392200 without one, 392204 or 1000502 for one outside its time
 */
export function presented({ clientCertificate, now }: Pick<ClientCredentials, "clientCertificate" | "now">): X509Certificate {
  const certificate = clientCertificate && parseCertificate(clientCertificate);
  if (!certificate) throw new EntraError(392200);
  assertInTime(certificate, now, 392204);
  return certificate;
}
