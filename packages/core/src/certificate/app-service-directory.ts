import { MtlsPopError } from "../errors.js";

/** Where App Service for Linux puts the certificates that it loads for an app. */
const LINUX_DIRECTORY = "/var/ssl/private";

/** Plans that load no certificates for their apps, by the variable that the platform sets. */
const PLANS_WITHOUT: Readonly<Record<string, { readonly name: string; readonly platform?: NodeJS.Platform }>> = {
  FlexConsumption: { name: "the Flex Consumption plan" },
  Dynamic: { name: "the Consumption plan on Linux", platform: "linux" },
};

const WAY_OUT =
  "Read it from Key Vault instead: certificateFromKeyVault of @mtls-pop/core/key-vault or, in Functions, the app settings " +
  "MTLS_POP_CERTIFICATE_VAULT_URL and MTLS_POP_CERTIFICATE_NAME.";

/** The variables that tell where certificates are. */
export const PLATFORM_VARIABLES: readonly string[] = ["WEBSITE_PRIVATE_CERTS_PATH", "WEBSITE_LOAD_CERTIFICATES", "WEBSITE_SKU"];

/**
 * The folder that App Service puts certificates into, with their private keys.
 *
 * @throws {MtlsPopError} `certificate_source_unsupported` where there is none that Node can read
 * @see https://learn.microsoft.com/azure/app-service/configure-ssl-certificate-in-code
 */
export function certificateDirectory(env: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform): string {
  const plan = PLANS_WITHOUT[env["WEBSITE_SKU"]?.trim() ?? ""];
  if (plan && (plan.platform ?? platform) === platform) {
    const found = `This app is on ${plan.name} (WEBSITE_SKU is "${env["WEBSITE_SKU"]?.trim()}"), which loads no certificates for its apps.`;
    throw new MtlsPopError("certificate_source_unsupported", found, { help: WAY_OUT });
  }
  const inContainer = env["WEBSITE_PRIVATE_CERTS_PATH"]?.trim();
  if (inContainer) return inContainer;
  if (platform === "linux") return LINUX_DIRECTORY;
  const where =
    platform === "win32"
      ? "App Service on Windows, outside containers, puts certificates into the store of Windows"
      : "This is not App Service";
  throw new MtlsPopError(
    "certificate_source_unsupported",
    `${where}, and WEBSITE_PRIVATE_CERTS_PATH is not set: there is no file to read.`,
    {
      help: `Node cannot reach the stores of the system. ${WAY_OUT}`,
    },
  );
}
