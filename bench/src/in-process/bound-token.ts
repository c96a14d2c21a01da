import { readFile } from "node:fs/promises";
import { BindingCertificate, ConfidentialClientApplication } from "@mtls-pop/core";
import { loopback } from "../loopback.js";
import type { Surroundings } from "../surroundings.js";

/** The application, and what those have that do without it: the certificate in PEM and a header with a token. */
export interface BoundToken {
  readonly application: ConfidentialClientApplication;
  readonly pem: string;
  readonly authorization: string;
}

/** Acquires a bound token with core, for contenders that are measured at something else. */
export async function boundToken({ authority, ca, certificateFile, clientId, scope }: Surroundings): Promise<BoundToken> {
  const pem = await readFile(certificateFile, "utf8");
  const application = new ConfidentialClientApplication({
    clientId,
    authority,
    certificate: await BindingCertificate.fromPem(pem),
    knownAuthorities: [new URL(authority).host],
    transport: { ca, lookup: loopback },
  });
  const result = await application.acquireTokenByClientCredential({ scopes: [scope], mtlsProofOfPossession: true });
  return { application, pem, authorization: result.createAuthorizationHeader() };
}
