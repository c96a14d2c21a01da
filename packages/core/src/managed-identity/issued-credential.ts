import type { BindingCertificate } from "../certificate/binding-certificate.js";

/** What the metadata service has issued for an identity: a certificate, whose it is, and where it is taken. */
export interface IssuedCredential {
  readonly certificate: BindingCertificate;
  /** The identity's. */
  readonly clientId: string;
  readonly tenantId: string;
  /** At the host that the metadata service has named, which is one that may see the certificate. */
  readonly tokenEndpoint: URL;
}
