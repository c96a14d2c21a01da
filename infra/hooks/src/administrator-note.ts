/** What a tenant administrator is told. */
export interface NoteFacts {
  readonly clientId: string;
  readonly subject: string;
  readonly issuer: string;
  /** Signed by nobody but itself. */
  readonly isSelfSigned: boolean;
}

/**
 * What is left to do in the tenant before the first token, for an application that shows a certificate. Nothing that azd could do: the
 * first two need what only Microsoft or a certificate authority gives.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-microsoft-graph-app-manifest for `trustedCertificateSubjects`
 * @see packages/core/src/token/entra-advice.ts for what the numbers mean
 */
export function administratorNote({ clientId, subject, issuer, isSelfSigned }: NoteFacts): string[] {
  return [
    "",
    "For the administrator of the tenant, before the first token:",
    `  1. Trust the certificate by subject name and issuer (SN/I). Until then a token request ends in AADSTS392189, although the certificate is registered.`,
    `     Application ${clientId}, subject "${subject}", issuer "${issuer}".`,
    "     It is the property `trustedCertificateSubjects` of the application's manifest (authorityId and subjectName). Microsoft calls it internal,",
    "     so where your tenant may not set it, ask Microsoft's support for it.",
    ...(isSelfSigned
      ? [
          "     This certificate is self-signed, so it has no issuer that could be trusted. Take one of an authority that the tenant knows:",
          "     `azd env set CERTIFICATE_ISSUER <issuer of the vault>`, `azd env set CERTIFICATE_NAME <another name>`, then `azd up`.",
        ]
      : []),
    "  2. Have client authentication by mutual TLS enabled for the application. Until then a token request ends in AADSTS51000; Microsoft",
    "     switches it on per application and tenant.",
    "  Without either, the app runs and says at /api/health what Entra misses.",
    "  The federated variant (MTLS_POP_CREDENTIAL) needs no SN/I, but a bound token of the managed identity, and Functions issues none today.",
    "",
  ];
}

/** The same for an application whose managed identity stands for it. */
export function federatedNote(clientId: string): string[] {
  return [
    "",
    "For the administrator of the tenant, before the first token:",
    `  Have client authentication by mutual TLS enabled for the application ${clientId}. Until then a token request ends in AADSTS51000;`,
    "  Microsoft switches it on per application and tenant.",
    "  Functions issues no bound tokens to managed identities today: until it does, /api/health answers mtls_pop_not_supported_for_environment, and",
    "  `azd env set MTLS_POP_CREDENTIAL certificate`, then `azd up`, goes back to a certificate.",
    "",
  ];
}
