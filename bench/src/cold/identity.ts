import { get } from "node:https";
import { ClientCertificateCredential } from "@azure/identity";
import { emulatedCloud } from "../emulated-cloud.js";
import { loopback } from "../loopback.js";
import { finish, surroundings } from "./program.js";

const { ca, tenantId, tokenPort, certificateFile, clientId, scope, plainResource } = surroundings;
const credential = new ClientCertificateCredential(tenantId, clientId, certificateFile, { tlsOptions: emulatedCloud(ca, tokenPort) });
const { token } = await credential.getToken(scope);
// node:https, which identity has loaded already: fetch would cost it more
get(plainResource, { ca, lookup: loopback, headers: { authorization: `Bearer ${token}` } }, (response) => {
  let body = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    body += chunk;
  });
  response.on("end", () => finish(response.statusCode ?? 0, body));
});
