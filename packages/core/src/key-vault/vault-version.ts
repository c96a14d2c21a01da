import type { KeyVaultCertificate } from "@azure/keyvault-certificates";
import { MtlsPopError } from "../index.js";
import type { VaultObject } from "./vault-object.js";

/**
 * Checks what the vault says of a version before its key is fetched.
 *
 * @throws {MtlsPopError} `certificate_disabled`, `certificate_expired`, `certificate_not_yet_valid`
 */
export function assertUsable({ properties }: KeyVaultCertificate, { label }: VaultObject, now: number): void {
  const { enabled, notBefore, expiresOn } = properties;
  if (enabled === false) throw disabled(label);
  const clock = `the clock says ${new Date(now).toISOString()}`;
  if (expiresOn && now > expiresOn.getTime()) {
    throw new MtlsPopError("certificate_expired", `${label} expired at ${expiresOn.toISOString()}; ${clock}.`, {
      help: "Make a new version in the vault, by hand or with an auto-renewal in its issuance policy; a pinned `version` hides newer ones.",
    });
  }
  if (notBefore && now < notBefore.getTime()) {
    throw new MtlsPopError("certificate_not_yet_valid", `${label} is valid from ${notBefore.toISOString()}; ${clock}.`, {
      help: "Wait until then, set this machine's clock, or pin an older `version` meanwhile.",
    });
  }
}

/** @param cause the vault's own refusal, where it refused */
export function disabled(label: string, cause?: unknown): MtlsPopError {
  return new MtlsPopError("certificate_disabled", `${label} is disabled.`, {
    cause,
    help: "Enable that version in the vault, make a new one, or pin an enabled `version`. One that is just being issued is disabled too.",
  });
}

/** A vault leaves the key out of the secret where the policy said so when the version was made. */
export function notExportable({ label }: VaultObject, cause: unknown): MtlsPopError {
  return new MtlsPopError("certificate_not_exportable", `${label} has a private key that the vault does not hand out.`, {
    cause,
    help: 'Set "Exportable Private Key" to yes (`key_props.exportable`) in its issuance policy, and make a new version: it holds for later ones alone.',
  });
}
