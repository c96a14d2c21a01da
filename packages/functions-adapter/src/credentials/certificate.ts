import { ConfidentialClientApplication } from "@mtls-pop/core";
import type { CertificateSettings } from "../credential-settings.js";
import { type NeededSetting, namingSettings } from "../setting-errors.js";
import { certificateSource } from "./certificate-source.js";
import type { Credential, CredentialMeans } from "./credential.js";

/** What the settings are to core's application, which knows them as options. */
const OPTIONS: readonly NeededSetting[] = [
  { name: "AZURE_TENANT_ID", meaning: "`tenantId`" },
  { name: "AZURE_AUTHORITY_HOST", meaning: "`authority`" },
  { name: "MTLS_POP_KNOWN_AUTHORITIES", meaning: "`knownAuthorities`" },
];

/** The settings that name an application. */
type ClientIdSetting = "AZURE_CLIENT_ID" | "MTLS_POP_LEG1_CLIENT_ID";

/** The application that the settings' certificate belongs to. */
export function certificateApplication(
  { application: settings, place }: CertificateSettings,
  means: CredentialMeans,
  clientIdSetting: ClientIdSetting,
): ConfidentialClientApplication {
  const { logger, transport } = means;
  const certificate = certificateSource(place, means);
  const options = { ...settings, certificate, logger, ...(transport && { transport }) };
  return namingApplication(clientIdSetting, () => new ConfidentialClientApplication(options));
}

/** Lets errors about an application's options name the settings that these were. */
export function namingApplication<T>(clientIdSetting: ClientIdSetting, make: () => T): T {
  return namingSettings([...OPTIONS, { name: clientIdSetting, meaning: "`clientId`" }], make);
}

/** Tokens of an application that proves itself with a certificate. */
export function certificateCredential(settings: CertificateSettings, means: CredentialMeans): Credential {
  const application = certificateApplication(settings, means, "AZURE_CLIENT_ID");
  return {
    acquireBoundToken: (request) => application.acquireBoundToken(request),
    acquireBearerToken: (request) => application.acquireTokenByClientCredential(request),
    acquireLeg1Token: async () => undefined,
    bindingCertificate: () => application.bindingCertificate(),
    load: async () => application.bindingCertificate(),
  };
}
