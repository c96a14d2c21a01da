import { readFile } from "node:fs/promises";
import { BindingCertificate, ConfidentialClientApplication, ResourceCaller } from "@mtls-pop/core";
import { loopback } from "../loopback.js";
import { finish, surroundings } from "./program.js";

const { ca, authority, certificateFile, clientId, scope, boundResource } = surroundings;
const transport = { ca, lookup: loopback };
const certificate = await BindingCertificate.fromPem(await readFile(certificateFile));
const application = new ConfidentialClientApplication({
  clientId,
  authority,
  certificate,
  knownAuthorities: [new URL(authority).host],
  transport,
});
const result = await application.acquireTokenByClientCredential({ scopes: [scope], mtlsProofOfPossession: true });
const caller = new ResourceCaller(result, { transport, resources: { orders: { baseUrl: new URL(boundResource).origin } } });
finish(200, await caller.callResource(boundResource));
