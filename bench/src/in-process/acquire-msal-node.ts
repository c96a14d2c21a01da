import { readFile } from "node:fs/promises";
import { ConfidentialClientApplication } from "@azure/msal-node";
import { loopback } from "../loopback.js";
import { trustInGlobalFetch } from "../trust-in-global-fetch.js";
import type { Prepare } from "./operation.js";
import { scopeOf } from "./scopes.js";

export const prepare: Prepare = async ({ authority, authorityMetadata, ca, certificateFile, clientId, thumbprintSha256 }) => {
  trustInGlobalFetch(ca, loopback);
  const application = new ConfidentialClientApplication({
    auth: {
      clientId,
      authority,
      knownAuthorities: [new URL(authority).host],
      authorityMetadata,
      clientCertificate: { thumbprintSha256, privateKey: await readFile(certificateFile, "utf8") },
    },
  });
  return (index) => application.acquireTokenByClientCredential({ scopes: [scopeOf(index)] });
};
