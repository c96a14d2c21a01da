import { FicAssertionProvider, FicLeg1Acquirer, FicLeg2Exchanger } from "@mtls-pop/core";
import type { FederatedSettings } from "../credential-settings.js";
import { certificateApplication, namingApplication } from "./certificate.js";
import type { Credential, CredentialMeans } from "./credential.js";
import { managedIdentityApplication } from "./managed-identity.js";

/** Tokens of an application, leg 2, that proves itself with the token of a managed identity or another application, leg 1. */
export function federatedCredential({ leg1: settings, application }: FederatedSettings, means: CredentialMeans): Credential {
  const { logger, transport } = means;
  const leg1 = new FicLeg1Acquirer(
    settings.credential === "certificate"
      ? certificateApplication(settings, means, "MTLS_POP_LEG1_CLIENT_ID")
      : managedIdentityApplication(settings, means),
  );
  const options = { ...application, assertions: new FicAssertionProvider(leg1), logger, ...(transport && { transport }) };
  const leg2 = namingApplication("AZURE_CLIENT_ID", () => new FicLeg2Exchanger(options));
  return {
    acquireBoundToken: (request) => leg2.acquireBoundToken(request),
    acquireBearerToken: (request) => leg2.exchangeToken(request),
    acquireLeg1Token: (request) => leg1.acquireToken(request),
    bindingCertificate: () => leg2.bindingCertificate(),
    load: (signal) => leg1.acquireToken({ signal }),
  };
}
