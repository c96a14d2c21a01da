import { MtlsPopError } from "../errors.js";
import type { Logger } from "../internal/logger.js";
import { assertOptions, callable, environment, type OptionRule, positive, record, text } from "../internal/options.js";
import { certificateDirectory, PLATFORM_VARIABLES } from "./app-service-directory.js";
import type { BindingCertificate } from "./binding-certificate.js";
import { CertificateFolder } from "./certificate-folder.js";
import { KeptCertificate } from "./kept-certificate.js";

/** Which of the certificates that App Service has loaded is meant. */
export type AppServiceCertificateChoice =
  | {
      /** SHA-1 of the certificate in hex, as the portal shows it; blanks and colons do not count. */
      thumbprint: string;
      subject?: undefined;
    }
  | {
      /** Such as `CN=Leg1Certificate`: of those that are valid now, the one that began last. */
      subject: string;
      thumbprint?: undefined;
    };

/** Options of {@link certificateFromAppService}. */
export type CertificateFromAppServiceOptions = AppServiceCertificateChoice & {
  /** The folder with the certificates. @default where App Service puts them */
  directory?: string | undefined;
  /** Where the platform's variables are looked up. @default process.env */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How often, in seconds, a use of the certificate asks whether there is another. @default 5 */
  checkEverySeconds?: number | undefined;
  /** Milliseconds since the epoch. @default Date.now */
  now?: (() => number) | undefined;
  /** Is told when another certificate was taken up, and when one could not be. @default nobody */
  logger?: Logger | undefined;
};

/** The longest wait after failures, unless the usual one is longer. */
const MAX_RETRY_MS = 300_000;

const RULES = {
  thumbprint: {
    expected: "a certificate's thumbprint: SHA-1, 40 hex digits",
    test: (value) => typeof value === "string" && /^[0-9A-F]{40}$/.test(plainThumbprint(value)),
  },
  subject: {
    expected: "a certificate's subject, such as CN=Leg1Certificate",
    test: (value) => text.test(value) && String(value).includes("="),
  },
  directory: text,
  env: environment(...PLATFORM_VARIABLES),
  checkEverySeconds: positive,
  now: callable,
  logger: record,
} satisfies Record<keyof CertificateFromAppServiceOptions, OptionRule>;

/**
 * A certificate that App Service has loaded for this app (`WEBSITE_LOAD_CERTIFICATES`): `/var/ssl/private/{thumbprint}.p12` on Linux,
 * what `WEBSITE_PRIVATE_CERTS_PATH` names in Windows containers. Changes are noticed behind a use of the certificate, as those of a
 * file are.
 *
 * @returns a source for `certificate`, which rejects with `certificate_not_found` or as that of
 * `certificateFromFile` does
 * @throws {MtlsPopError} `certificate_source_unsupported` on Flex Consumption, Consumption on Linux, and Windows outside containers;
 * `invalid_options`
 *
 * @example
 * ```ts
 * const certificate = certificateFromAppService({ subject: "CN=Leg1Certificate" });
 * const application = new ConfidentialClientApplication({ clientId, tenantId, certificate });
 * ```
 * @see https://learn.microsoft.com/azure/app-service/configure-ssl-certificate-in-code
 */
export function certificateFromAppService(
  options: CertificateFromAppServiceOptions,
): () => BindingCertificate | Promise<BindingCertificate> {
  assertOptions("certificateFromAppService", options, RULES);
  const { thumbprint, subject, env = process.env, checkEverySeconds = 5, now = Date.now, logger } = options;
  if ((thumbprint === undefined) === (subject === undefined)) {
    throw new MtlsPopError("invalid_options", "certificateFromAppService takes either `thumbprint` or `subject`.");
  }
  const folder = new CertificateFolder(options.directory ?? certificateDirectory(env, process.platform), now);
  const print = thumbprint === undefined ? undefined : plainThumbprint(thumbprint);
  const wanted = print === undefined ? `the subject "${subject}"` : `the thumbprint ${print}`;
  const fits = (one: BindingCertificate) =>
    print === undefined ? plain(one.subject) === plain(String(subject)) : one.thumbprint === print;
  const kept = new KeptCertificate({
    name: `The App Service certificate of ${wanted}`,
    find: () => newest(),
    waitMs: (failures) => waitMs(checkEverySeconds * 1000, failures),
    ended: (_certificate, failure) => failure,
    now,
    logger,
  });
  return () => kept.certificate();

  async function newest(): Promise<BindingCertificate> {
    const { certificates, failures } = await folder.load(print);
    const [best] = certificates.filter(fits).sort((a, b) => b.notBefore.getTime() - a.notBefore.getTime());
    if (best) return best;
    // one file by its name is the wanted one: its own fault says more
    if (print !== undefined && failures.length > 0) throw failures[0];
    const seen = certificates.map((one) => `"${one.subject}" (${one.thumbprint})`).join(", ") || "nothing that can be used";
    throw new MtlsPopError("certificate_not_found", `No certificate of ${wanted} is in "${folder.path}"; there is ${seen}.`, {
      cause: failures.length > 0 ? new AggregateError(failures, "Files that cannot be used.") : undefined,
      help: whyAbsent(env["WEBSITE_LOAD_CERTIFICATES"]?.trim(), print),
    });
  }
}

/** What stays away is looked for less and less often, and the log says so no oftener. */
function waitMs(checkEveryMs: number, failures: number): number {
  return failures < 2 ? checkEveryMs : Math.max(checkEveryMs, Math.min(checkEveryMs * 2 ** (failures - 1), MAX_RETRY_MS));
}

/** What the platform was told to load, and what follows. */
function whyAbsent(loaded: string | undefined, print: string | undefined): string {
  const upload = "Check that it is uploaded to this app (Certificates, Bring your own certificates).";
  if (!loaded) return `Set WEBSITE_LOAD_CERTIFICATES to its thumbprint, or to * for all of the app's: it is not set. ${upload}`;
  const isNamed = loaded === "*" || (print !== undefined && loaded.split(",").map(plainThumbprint).includes(print));
  if (isNamed) return `WEBSITE_LOAD_CERTIFICATES asks for it, but it was not loaded. ${upload}`;
  return `WEBSITE_LOAD_CERTIFICATES is "${loaded}": name its thumbprint there, or set it to *. ${upload}`;
}

/** Windows' dialogue hands out an invisible mark in front, and pairs with blanks in between. */
function plainThumbprint(thumbprint: string): string {
  return thumbprint.replace(/[\s:\u200e]/g, "").toUpperCase();
}

function plain(subject: string): string {
  return subject
    .trim()
    .replace(/\s*([,=])\s*/g, "$1")
    .toLowerCase();
}
