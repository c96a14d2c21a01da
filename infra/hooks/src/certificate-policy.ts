import type { CertificatePolicy } from "@azure/keyvault-certificates";
import type { AzdEnvironment } from "./azd-environment.js";
import { HookError } from "./hook-error.js";

/** Extended key usage "client authentication". @see RFC 5280 section 4.2.1.12 */
const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";

/** The vault renews at this share of the life, in per cent. */
const RENEWED_AT = 80;

/** Longest common name. @see RFC 5280 appendix A.1, ub-common-name */
const MAX_COMMON_NAME = 64;

const SUFFIX = ".keyvault-reader";

/** The issuer's name for a request that the user has signed somewhere else. */
export const UNKNOWN_ISSUER = "Unknown";

/**
 * What the vault is to make: a client certificate whose key the app can load.
 *
 * @throws {HookError} for a validity that is no number of months from 1 to 1200, and for a subject that is no name
 * @see https://learn.microsoft.com/azure/key-vault/certificates/about-certificates#certificate-policy
 */
export function certificatePolicy(environment: AzdEnvironment): CertificatePolicy {
  const issuerName = environment.require("certificateIssuer");
  return {
    issuerName,
    subject: subjectOf(environment),
    contentType: "application/x-pkcs12",
    exportable: true,
    keyType: "RSA",
    keySize: 2048,
    reuseKey: false,
    keyUsage: ["digitalSignature"],
    enhancedKeyUsage: [CLIENT_AUTHENTICATION],
    validityInMonths: validityOf(environment),
    // the vault cannot renew what it has not had signed
    lifetimeActions: [{ action: issuerName === UNKNOWN_ISSUER ? "EmailContacts" : "AutoRenew", lifetimePercentage: RENEWED_AT }],
  };
}

function subjectOf(environment: AzdEnvironment): string {
  const subject =
    environment.get("certificateSubject") ??
    `CN=${environment.require("environmentName").slice(0, MAX_COMMON_NAME - SUFFIX.length)}${SUFFIX}`;
  if (!/^(?:CN|DC|OU?|L|ST?|C)=/i.test(subject)) {
    throw new HookError(
      `CERTIFICATE_SUBJECT is "${subject}", which is no name.`,
      "Write it as in `azd env set CERTIFICATE_SUBJECT CN=app.example.com`.",
    );
  }
  return subject;
}

function validityOf(environment: AzdEnvironment): number {
  const months = Number(environment.require("certificateValidityMonths"));
  if (!Number.isInteger(months) || months < 1 || months > 1200) {
    throw new HookError("CERTIFICATE_VALIDITY_MONTHS is no number of months.", "Set it: `azd env set CERTIFICATE_VALIDITY_MONTHS 12`.");
  }
  return months;
}
