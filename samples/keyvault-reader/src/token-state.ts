import type { SettingsTokens } from "@mtls-pop/functions-adapter";

type AcquiredToken = Awaited<ReturnType<SettingsTokens["acquireBoundToken"]>>;

/** What of a token and its certificate may be shown: who, bound to what, until when, from where. Neither the token nor a key. */
export function tokenState({ tokenType, expiresOn, bindingCertificate, metadata }: AcquiredToken) {
  return {
    certificate: {
      subject: bindingCertificate?.subject,
      issuer: bindingCertificate?.issuer,
      thumbprint: bindingCertificate?.thumbprint,
      notAfter: bindingCertificate?.notAfter,
    },
    token: { tokenType, expiresOn, source: metadata.tokenSource, endpoint: metadata.tokenEndpoint },
  };
}
