import type { ManagedIdentity } from "../managed-identity/managed-identity.js";
import { x5tS256 } from "../pki/issued-certificate.js";
import { EntraError } from "./aadsts.js";
import { type CertificateStandings, notRegistered } from "./certificate-trust.js";
import { type ClientCredentials, presented } from "./client-authentication.js";
import { malformed } from "./token-form.js";

/** What a managed identity's token request brings. */
export interface IdentityCredentials extends Pick<ClientCredentials, "host" | "form" | "clientCertificate" | "now"> {
  /** Of the path. */
  readonly tenantId: string;
}

/**
 * Checks flow (3): the certificate of the connection is one that the metadata service issued for this identity, and nothing else is
 * shown.
 *
 * @returns `x5t#S256` of the certificate that a bound token gets; `undefined` for a Bearer token
 * @throws {EntraError} 7000218 at another host than mtlsauth, 700016 in another tenant, 392200, 392204, 700027, 7000214
 * @see PROTOCOL.md section 2, flow (3)
 */
export function authenticateManagedIdentity(
  identity: ManagedIdentity,
  credentials: IdentityCredentials,
  authority: CertificateStandings,
): string | undefined {
  const { host, form, tenantId } = credentials;
  if (host.kind !== "mtlsauth") throw new EntraError(7000218);
  if (tenantId !== identity.tenantId) throw new EntraError(700016, { clientId: identity.clientId, tenant: tenantId });
  const [extra] = form.extras;
  if (extra !== undefined) throw malformed(`The field '${extra}' is not expected.`);
  if (form.assertion) throw malformed("A managed identity's certificate is its credential: 'client_assertion' may not come with it.");
  if (!form.namesTokenType) throw new EntraError(90014, { field: "token_type" });
  const certificate = presented(credentials);
  if (!authority.issuedIdentity(certificate)) throw notRegistered("It was not issued for a managed identity.");
  if (certificate.subject !== `DC=${identity.tenantId}\nCN=${identity.clientId}`) {
    throw notRegistered(`It was issued for '${certificate.subject.replaceAll("\n", ", ")}'.`);
  }
  if (authority.standing(certificate.raw) === "revoked") throw new EntraError(7000214);
  return form.tokenType === "mtls_pop" ? x5tS256(certificate.raw) : undefined;
}
