import { readFileSync } from "node:fs";
import { CertificateAuthority } from "../../../emulator/src/pki/certificate-authority.js";
import type { IssuedCertificate } from "../../../emulator/src/pki/issued-certificate.js";
import { isMtlsPopError, type MtlsPopError } from "../../src/errors.js";

export type { IssuedCertificate };

/** One authority for a test file: its keys are made once. */
export const authority: CertificateAuthority = await CertificateAuthority.create();

/** A client certificate with an EC key, which takes no time to make. */
export function issue(options: Parameters<CertificateAuthority["issueCertificate"]>[0] = {}): Promise<IssuedCertificate> {
  return authority.issueCertificate({ keyType: "EC-P256", ...options });
}

/** A file of `test/fixtures/certificate`. */
export function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/certificate/${name}`, import.meta.url));
}

/** The passphrase of the fixtures. */
export const PASSPHRASE = "pass phrase";

/** The error that something is refused with. */
export async function refusal(attempt: Promise<unknown> | (() => unknown)): Promise<MtlsPopError> {
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
  } catch (error) {
    if (isMtlsPopError(error)) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}
