import { readFile } from "node:fs/promises";
import { BindingCertificate, ConfidentialClientApplication, createPopFetch } from "@mtls-pop/core";
import { loopback } from "../loopback.js";
import { finish, surroundings } from "./program.js";

const { ca, authority, certificateFile, clientId, scope, boundResource } = surroundings;
const transport = { ca, lookup: loopback };
const certificate = await BindingCertificate.fromPem(await readFile(certificateFile));
const tokens = new ConfidentialClientApplication({
  clientId,
  authority,
  certificate,
  knownAuthorities: [new URL(authority).host],
  transport,
});
const popFetch = createPopFetch({ tokens, resources: { orders: { baseUrl: new URL(boundResource).origin, scope } }, transport });
const response = await popFetch(boundResource);
finish(response.status, await response.text());
