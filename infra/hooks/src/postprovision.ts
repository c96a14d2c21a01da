import { administratorNote, federatedNote } from "./administrator-note.js";
import { ensureDemoSecret } from "./demo-secret.js";
import { ensureFederatedCredential } from "./federated-credential.js";
import { graph as graphOf } from "./graph.js";
import type { HookContext } from "./hook-context.js";
import { registerCertificate } from "./key-credentials.js";
import type { RestClient } from "./rest-client.js";
import { findSubscription } from "./subscription.js";
import { ensureCertificate } from "./vault-certificate.js";

/** After Bicep: what it cannot make, which is a certificate, its place on the app registration, and a secret that nobody has typed. */
export async function postprovision(context: HookContext): Promise<void> {
  const { environment } = context;
  const { tenantId } = await findSubscription(context);
  const graph = graphOf(context, tenantId);
  await ensureDemoSecret(context, tenantId);
  if (environment.get("credential") === "federated") await federate(context, graph, tenantId);
  else await certify(context, graph, tenantId);
}

async function certify(context: HookContext, graph: RestClient, tenantId: string): Promise<void> {
  const { environment, say } = context;
  const certificate = await ensureCertificate(context, tenantId);
  const { changed, removed, kept } = await registerCertificate(
    graph,
    environment.require("applicationObjectId"),
    certificate,
    environment.require("certificateName"),
  );
  const state = changed ? "registered now" : "registered already";
  const earlier = kept > 0 ? `; earlier ones that stay until they end: ${kept}` : "";
  const ended = removed > 0 ? `; ended ones that are gone now: ${removed}` : "";
  say(`App registration: the certificate is ${state}${earlier}${ended}.`);
  const [subject, issuer] = [certificate.subject, certificate.issuer].map((name) => name.replaceAll("\n", ", "));
  const isSelfSigned = certificate.checkIssued(certificate);
  const facts = { clientId: environment.require("applicationId"), subject: subject ?? "", issuer: issuer ?? "", isSelfSigned };
  for (const line of administratorNote(facts)) say(line);
}

async function federate(context: HookContext, graph: RestClient, tenantId: string): Promise<void> {
  const { environment, say } = context;
  const state = await ensureFederatedCredential(context, graph, {
    applicationObjectId: environment.require("applicationObjectId"),
    tenantId,
    identityPrincipalId: environment.require("identityPrincipalId"),
  });
  say(`App registration: the federated credential for the managed identity is ${state === "present" ? "there already" : `${state} now`}.`);
  for (const line of federatedNote(environment.require("applicationId"))) say(line);
}
