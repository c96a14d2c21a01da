import { MtlsPopError } from "../errors.js";
import type { Logger } from "../internal/logger.js";
import { assertOptions, callable, environment, type OptionRule, positive, record } from "../internal/options.js";
import type { BindingCertificate } from "./binding-certificate.js";
import { certificateFromContent } from "./certificate-content.js";
import { fromBase64 } from "./content-kind.js";
import { certificateFromFile } from "./file.js";

const PATH = "AZURE_CLIENT_CERTIFICATE_PATH";
const PASSWORD = "AZURE_CLIENT_CERTIFICATE_PASSWORD";
const CONTENT = "MTLS_POP_CLIENT_CERTIFICATE";

/** Options of {@link certificateFromEnvironment}. */
export interface CertificateFromEnvironmentOptions {
  /** Where the variables are looked up. @default process.env */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How often, in seconds, a use of the certificate asks whether the file has changed. @default 5 */
  checkEverySeconds?: number | undefined;
  /** Milliseconds since the epoch. @default Date.now */
  now?: (() => number) | undefined;
  /** Is told when a changed file was taken up, and when it could not be. @default nobody */
  logger?: Logger | undefined;
}

const RULES = {
  env: environment(PATH, PASSWORD, CONTENT),
  checkEverySeconds: positive,
  now: callable,
  logger: record,
} satisfies Record<keyof CertificateFromEnvironmentOptions, OptionRule>;

/**
 * The certificate that environment variables (app settings, in Functions) name:
 *
 * - `AZURE_CLIENT_CERTIFICATE_PATH`: a PEM with its key, or a PFX; loaded again when the file changes, see {@link certificateFromFile};
 * - `MTLS_POP_CLIENT_CERTIFICATE`: the content of such a file in base64, or a PEM as it is; a Key Vault reference to a certificate's
 *   secret fits. Not both;
 * - `AZURE_CLIENT_CERTIFICATE_PASSWORD`: opens an encrypted key or a PFX. Empty counts as none.
 *
 * The first and the last are the names that `@azure/identity` uses. The certificate stores of Windows and macOS cannot be reached from
 * Node: export from there to a PFX.
 *
 * @returns a source for `certificate`, which rejects as that of {@link certificateFromFile} does
 * @throws {MtlsPopError} `certificate_not_configured`, `invalid_options`
 */
export function certificateFromEnvironment(
  options: CertificateFromEnvironmentOptions = {},
): () => BindingCertificate | Promise<BindingCertificate> {
  assertOptions("certificateFromEnvironment", options, RULES);
  const { env = process.env, ...fileOptions } = options;
  const path = env[PATH]?.trim();
  const content = env[CONTENT]?.trim();
  const passphrase = env[PASSWORD] || undefined;
  if (path && content) {
    throw new MtlsPopError("invalid_options", `Both ${PATH} and ${CONTENT} are set, and it cannot be told which is meant.`, {
      help: "Remove one of them.",
    });
  }
  if (path) return certificateFromFile(path, { ...fileOptions, passphrase });
  if (content) return certificateFromVariable(content, passphrase, fileOptions.now);
  throw new MtlsPopError("certificate_not_configured", `No certificate is configured: neither ${PATH} nor ${CONTENT} is set.`, {
    help:
      `Set ${PATH} to a PEM or PFX file, or ${CONTENT} to its content in base64, and ${PASSWORD} if it is encrypted. ` +
      "Windows' certificate store and the macOS keychain cannot be read from Node: export the certificate with its key to a PFX. " +
      "On App Service, WEBSITE_LOAD_CERTIFICATES puts it into /var/ssl/private/{thumbprint}.p12.",
  });
}

function certificateFromVariable(
  content: string,
  passphrase: string | undefined,
  now: (() => number) | undefined,
): () => BindingCertificate | Promise<BindingCertificate> {
  let current: BindingCertificate | undefined;
  let loading: Promise<BindingCertificate> | undefined;
  const load = async () => {
    const bytes = fromBase64(content) ?? Buffer.from(content);
    current = await certificateFromContent(`The variable ${CONTENT}`, bytes, { passphrase, now });
    return current;
  };
  return () => {
    current?.assertValidAt(new Date((now ?? Date.now)()));
    if (current) return current;
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  };
}
