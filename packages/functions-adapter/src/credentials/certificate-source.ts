import { type BindingCertificate, certificateFromAppService, certificateFromEnvironment } from "@mtls-pop/core";
import type { CertificatePlace } from "../certificate-place.js";
import { isEmulated } from "../emulator-transport.js";
import { inSettings, type NeededSetting, namingSettings } from "../setting-errors.js";
import type { CredentialMeans } from "./credential.js";

type CertificateFunction = () => BindingCertificate | Promise<BindingCertificate>;
type VaultPlace = Extract<CertificatePlace, { kind: "key-vault" }>;

/** What the settings are to core's source, which knows them as options. */
const VAULT_OPTIONS: readonly NeededSetting[] = [
  { name: "MTLS_POP_CERTIFICATE_VAULT_URL", meaning: "`vaultUrl`" },
  { name: "MTLS_POP_CERTIFICATE_NAME", meaning: "`name`" },
  { name: "MTLS_POP_CERTIFICATE_VERSION", meaning: "`version`" },
];

/**
 * The certificate, from where the settings say that it lives.
 *
 * @throws {MtlsPopError} what core says of the place, with the names of the settings
 */
export function certificateSource(place: CertificatePlace | undefined, means: CredentialMeans): CertificateFunction {
  const { env, logger } = means;
  switch (place?.kind) {
    case undefined:
      return certificateFromEnvironment({ env, logger });
    case "app-service": {
      const choice = { name: "MTLS_POP_CERTIFICATE_THUMBPRINT", meaning: "`thumbprint`" };
      const bySubject = { name: "MTLS_POP_CERTIFICATE_SUBJECT", meaning: "`subject`" };
      const named = "subject" in place.choice ? bySubject : choice;
      return namingSettings([named], () => certificateFromAppService({ ...place.choice, env, logger }));
    }
    case "key-vault":
      return lazily(() => certificateFromVault(place, means));
  }
}

/** The way to Key Vault is loaded at the first use: an app whose certificate lives elsewhere does not pay for it. */
async function certificateFromVault(place: VaultPlace, { logger, transport }: CredentialMeans): Promise<CertificateFunction> {
  const { kind: _, ...where } = place;
  const { certificateFromKeyVault } = await import("@mtls-pop/core/key-vault");
  // an emulated vault says what the original says, which its own name does not fit
  const clientOptions = isEmulated(place.vaultUrl) ? { disableChallengeResourceVerification: true } : {};
  const options = { ...where, clientOptions, logger, ...(transport && { transport }) };
  const source = namingSettings(VAULT_OPTIONS, () => certificateFromKeyVault(options));
  return () => {
    const certificate = source();
    return certificate instanceof Promise ? certificate.catch(refuse) : certificate;
  };
}

/** What the vault's refusal says of options, it says of settings as well. */
function refuse(error: unknown): never {
  const said = error instanceof Error ? error.message : "";
  throw inSettings(
    error,
    VAULT_OPTIONS.filter(({ meaning }) => said.includes(meaning)),
  );
}

/** A source that is made at the first use; a failure is not kept. */
function lazily(make: () => Promise<CertificateFunction>): CertificateFunction {
  let made: CertificateFunction | undefined;
  return () => {
    if (made) return made();
    return make().then((source) => {
      // of two first uses the first one's is kept, and with it what it reads
      made ??= source;
      return made();
    });
  };
}
