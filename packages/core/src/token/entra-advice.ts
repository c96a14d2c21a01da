/** What one of Entra's numbers means for an application that uses this toolkit. */
export interface EntraAdvice {
  /** The numbers after `AADSTS`, matched whole. */
  readonly codes: readonly number[];
  readonly meaning: string;
  readonly help: string;
}

/** The errors of bound tokens, certificates and regions; `docs/errors.md` holds the same table. @see PROTOCOL.md section 8 */
export const ADVICE: readonly EntraAdvice[] = [
  {
    codes: [51000],
    meaning: "Client authentication by mutual TLS is not enabled for the application.",
    help: "Ask for its enablement: Microsoft switches it on per application and tenant.",
  },
  {
    codes: [392189],
    meaning: "The mTLS endpoint serves only certificates registered by subject name and issuer (SN/I), or federated identity.",
    help: "Register the certificate by subject name and issuer, or use a federated identity credential.",
  },
  {
    codes: [392196],
    meaning: "The resource does not accept bound tokens; https://management.azure.com is one of those.",
    help: "Ask for another resource, or for a Bearer token.",
  },
  {
    codes: [392200],
    meaning: "No client certificate reached the endpoint.",
    help: "Look for a proxy that ends TLS on the way, and exempt the mtlsauth host from its inspection.",
  },
  {
    codes: [3921996],
    meaning: "The tenant may not receive bound tokens for attested certificates.",
    help: "Ask for the tenant's enablement, or use a certificate of the application's own.",
  },
  {
    codes: [500181],
    meaning: "The TLS certificate differs from the one that the assertion is bound to.",
    help: "Pass the assertion and its binding certificate from one and the same leg-1 result; after a rotation, acquire leg 1 anew.",
  },
  {
    codes: [700027],
    meaning: "The certificate is not registered with the application, or does not match the signature.",
    help: "Compare the certificate's thumbprint with those of the app registration, and register this certificate.",
  },
  {
    codes: [700025],
    meaning: "The application may not use this credential: it is not allow-listed, or it is registered as a public client.",
    help: "Have the application allow-listed for bound tokens, and check that it is a confidential client.",
  },
  {
    codes: [700016],
    meaning: "The tenant has no such application, or one that was made a moment ago.",
    help: "Check client id and tenant id, and that the application has a service principal in this tenant.",
  },
  {
    codes: [700211, 700212, 700213],
    meaning: "No federated identity credential of the application fits the assertion's issuer, audience or subject.",
    help: "Give the application one with the issuer and subject of leg 1 (for a managed identity its principal id) and the audience api://AzureADTokenExchange; a new one takes some minutes to count.",
  },
  {
    codes: [700024, 7000214, 1000502, 1000901],
    meaning: "The assertion or the certificate is outside its validity, or was revoked.",
    help: "Check this machine's clock and the certificate's dates; renew the certificate if they have passed.",
  },
  {
    codes: [1000610, 1000611, 1000612, 1000613, 1000614],
    meaning: "The attestation token was rejected.",
    help: "Check that the attestation provider uses the endpoint of this machine's region and attests the very key that was certified.",
  },
  {
    codes: [100007],
    meaning: "The tenant or application is not served in this region.",
    help: "Leave out `azureRegion` (or set MSAL_DISABLE_REGION=true) to use the global endpoint.",
  },
  {
    codes: [50196],
    meaning: "The service saw the same request too often: a request loop.",
    help: "Keep one application object for the life of the process, so that its cache answers.",
  },
];

const BY_CODE = new Map(ADVICE.flatMap((advice) => advice.codes.map((code) => [code, advice] as const)));

/** The advice for the first of an answer's numbers that has some. */
export function entraAdvice(codes: readonly number[]): EntraAdvice | undefined {
  return codes.map((code) => BY_CODE.get(code)).find((advice) => advice !== undefined);
}
