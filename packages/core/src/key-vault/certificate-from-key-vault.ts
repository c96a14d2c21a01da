import { KeptCertificate } from "../certificate/kept-certificate.js";
import { assertOptions, type BindingCertificate, MtlsPopError } from "../index.js";
import { Transport } from "../transport/transport-options.js";
import { type CertificateFromKeyVaultOptions, RULES } from "./key-vault-options.js";
import { VaultReader } from "./vault-reader.js";

/** The wait after the first failed look; it doubles with each one that follows. */
const FIRST_RETRY_MS = 30_000;

/**
 * A certificate that lives in Key Vault with its private key. It is read at the first use, with an ordinary Bearer token of the identity:
 * the certificate that a token could be bound to is just being fetched. A new version is noticed and taken up behind a use: no timer
 * runs, and nobody waits. A vault that cannot be read changes nothing while the certificate is valid.
 *
 * Needs `@azure/identity`, `@azure/keyvault-certificates` and `@azure/keyvault-secrets`, which are loaded at the first use, and of the
 * vault the role Key Vault Certificate User.
 *
 * @returns a source for `certificate`, which rejects with `certificate_not_found`, `certificate_disabled`, `certificate_expired`,
 * `certificate_not_yet_valid`, `certificate_not_exportable`, `key_vault_access_denied`, `key_vault_credential_failed`, `key_vault_error`,
 * `network_error`, `timeout`, `package_missing`, or as {@link BindingCertificate.fromPem} does
 * @throws {MtlsPopError} `invalid_options`, `insecure_url`
 *
 * @example
 * ```ts
 * import { certificateFromKeyVault } from "@mtls-pop/core/key-vault";
 *
 * const certificate = certificateFromKeyVault({ vaultUrl: "https://contoso.vault.azure.net", name: "orders" });
 * const application = new ConfidentialClientApplication({ clientId, tenantId, certificate });
 * ```
 * @see https://learn.microsoft.com/azure/key-vault/certificates/about-certificates
 */
export function certificateFromKeyVault(options: CertificateFromKeyVaultOptions): () => BindingCertificate | Promise<BindingCertificate> {
  assertOptions("certificateFromKeyVault", options, RULES);
  const { refreshAfterSeconds = 3600, now = Date.now, logger, transport, ...rest } = options;
  const vault = vaultOf(options.vaultUrl);
  const reader = new VaultReader({ ...rest, vault, now, transport: new Transport(transport) });
  const refreshMs = refreshAfterSeconds * 1000;
  const kept = new KeptCertificate({
    name: `The certificate "${options.name}" of ${vault.origin}`,
    find: (current) => reader.read(current),
    waitMs: (failures) => waitMs(options.version === undefined ? refreshMs : Number.POSITIVE_INFINITY, failures),
    ended: (certificate, failure) => endedError(certificate, failure),
    now,
    logger,
  });
  return () => kept.certificate();
}

function waitMs(refreshMs: number, failures: number): number {
  return failures === 0 ? refreshMs : Math.min(refreshMs, FIRST_RETRY_MS * 2 ** (failures - 1));
}

function vaultOf(vaultUrl: string): URL {
  const url = URL.canParse(vaultUrl) ? new URL(vaultUrl) : undefined;
  if (url?.protocol === "http:") {
    throw new MtlsPopError("insecure_url", `certificateFromKeyVault takes \`vaultUrl\` with https, but got ${url.origin}.`, {
      help: "The identity's token and the private key would go over the network for all to read.",
    });
  }
  const flaw = flawOf(url);
  if (url && flaw === undefined) return url;
  throw new MtlsPopError("invalid_options", `certificateFromKeyVault takes \`vaultUrl\` as the origin of a vault, but got ${flaw}.`, {
    help: "Such as https://contoso.vault.azure.net, without a path: `name` and `version` are options of their own.",
  });
}

/** In words, without the URL itself, which may have a password. */
function flawOf(url: URL | undefined): string | undefined {
  if (!url) return "something that is no URL";
  if (url.protocol !== "https:") return `a URL of ${url.protocol}`;
  if (url.username || url.password) return "one with a user name or a password";
  if (url.pathname !== "/") return "one with a path";
  return url.search || url.hash ? "one with a query or a fragment" : undefined;
}

/** What the vault said is why there is no newer certificate. */
function endedError(certificate: BindingCertificate, failure: unknown): MtlsPopError {
  const { subject, thumbprint, notAfter } = certificate;
  const ended = `The certificate "${subject}" (${thumbprint}) expired at ${notAfter.toISOString()}, and the vault gave no newer one.`;
  const reason = failure instanceof Error ? failure.message : "";
  return new MtlsPopError("certificate_expired", `${ended} ${reason}`.trimEnd(), {
    cause: failure,
    retryable: Boolean(failure instanceof MtlsPopError && failure.retryable),
  });
}
