import { ClientCertificateCredential } from "@azure/identity";
import { emulatedCloud } from "../emulated-cloud.js";
import type { Prepare } from "./operation.js";
import { scopeOf } from "./scopes.js";

export const prepare: Prepare = async ({ ca, certificateFile, clientId, tenantId, tokenPort }) => {
  const credential = new ClientCertificateCredential(tenantId, clientId, certificateFile, { tlsOptions: emulatedCloud(ca, tokenPort) });
  return (index) => credential.getToken(scopeOf(index));
};
