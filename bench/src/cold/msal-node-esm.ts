import { readFile } from "node:fs/promises";
import { ConfidentialClientApplication } from "@azure/msal-node";
import { loopback } from "../loopback.js";
import { trustInGlobalFetch } from "../trust-in-global-fetch.js";
import { finish, surroundings } from "./program.js";

const { ca, authority, authorityMetadata, certificateFile, clientId, thumbprintSha256, scope, plainResource } = surroundings;
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
const result = await application.acquireTokenByClientCredential({ scopes: [scope] });
const response = await fetch(plainResource, { headers: { authorization: `Bearer ${result?.accessToken}` } });
finish(response.status, await response.text());
