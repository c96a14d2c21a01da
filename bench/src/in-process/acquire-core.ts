import { readFile } from "node:fs/promises";
import { BindingCertificate, ConfidentialClientApplication } from "@mtls-pop/core";
import { loopback } from "../loopback.js";
import type { Prepare } from "./operation.js";
import { scopeOf } from "./scopes.js";

export const prepare: Prepare = async ({ authority, ca, certificateFile, clientId }) => {
  const application = new ConfidentialClientApplication({
    clientId,
    authority,
    certificate: await BindingCertificate.fromPem(await readFile(certificateFile)),
    knownAuthorities: [new URL(authority).host],
    transport: { ca, lookup: loopback },
  });
  return (index) => application.acquireTokenByClientCredential({ scopes: [scopeOf(index)], mtlsProofOfPossession: true });
};
