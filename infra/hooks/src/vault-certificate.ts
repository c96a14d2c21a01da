import { X509Certificate } from "node:crypto";
import { CertificateClient, type CertificateOperationState, type KeyVaultCertificateWithPolicy } from "@azure/keyvault-certificates";
import type { AzdEnvironment } from "./azd-environment.js";
import { certificatePolicy, UNKNOWN_ISSUER } from "./certificate-policy.js";
import { variable } from "./environment-contract.js";
import { eventually } from "./eventually.js";
import type { HookContext } from "./hook-context.js";
import { HookError } from "./hook-error.js";
import { inVault } from "./vault-access.js";
import { vaultClientOptions, vaultRefusal } from "./vault-refusal.js";

const ROLE = "Key Vault Certificates Officer";

/** Twenty minutes at the usual pace: a self-signed one takes seconds, a certificate authority its time. */
const TRIES = 120;

/**
 * The certificate in its vault, made where there is none or where the one that is there has ended. Only what is public of it is read.
 *
 * @throws {HookError} for a disabled one, an issuer that refuses, and a request that waits for its signature
 */
export async function ensureCertificate(context: HookContext, tenantId: string): Promise<X509Certificate> {
  const { environment, say } = context;
  const vaultUrl = environment.require("certificateVaultUrl");
  const name = environment.require("certificateName");
  const client = new CertificateClient(vaultUrl, context.credentialFor(tenantId), vaultClientOptions(context));
  const access = { vaultUrl, role: ROLE, doing: `Making the certificate "${name}"` };
  const present = await inVault(context, { ...access, doing: `Reading the certificate "${name}"` }, () => read(client, name, context));
  const leaf = present && leafOf(present);
  if (leaf && present.properties.enabled === false) {
    throw new HookError(
      `The certificate "${name}" in ${vaultUrl} is disabled.`,
      `Enable it: \`az keyvault certificate set-attributes --vault-name ${vaultName(vaultUrl)} --name ${name} --enabled true\`.`,
    );
  }
  if (leaf && new Date(leaf.validTo) > new Date()) {
    say(`Certificate: "${name}" is there, ${describe(leaf)}.`);
    for (const difference of differences(environment, present)) say(difference);
    return leaf;
  }
  // an earlier run may have asked for one; the operation that is over is that of the one which has ended
  const begun: readonly unknown[] = leaf ? ["inProgress"] : ["inProgress", "completed"];
  const isUnderWay = present !== undefined && begun.includes(await inVault(context, access, () => statusOf(client, name, context)));
  if (!isUnderWay) {
    const policy = certificatePolicy(environment);
    say(`Making the certificate "${name}": ${policy.subject}, issuer ${policy.issuerName}, ${policy.validityInMonths} months.`);
    await inVault(context, access, () => client.beginCreateCertificate(name, policy, { abortSignal: context.signal }));
  }
  await finished(context, { name, vaultUrl }, () => inVault(context, access, () => operationOf(client, name, context)));
  const made = await inVault(context, access, () => read(client, name, context));
  const madeLeaf = made && leafOf(made);
  if (!madeLeaf)
    throw new HookError(`The vault made the certificate "${name}" but does not show it.`, "Run `azd hooks run postprovision` again.");
  say(`Certificate: "${name}", ${describe(madeLeaf)}.`);
  return madeLeaf;
}

/** Settings of the user's that a certificate which is there does not follow: it stays as it is. */
function differences(environment: AzdEnvironment, { policy }: KeyVaultCertificateWithPolicy): string[] {
  const settings = [
    ["certificateIssuer", policy?.issuerName],
    ["certificateSubject", policy?.subject],
  ] as const;
  return settings
    .filter(([key, actual]) => environment.has(key) && actual !== undefined && actual !== environment.get(key))
    .map(([key, actual]) => {
      const { name } = variable(key);
      return `  ${name} is ${environment.get(key)}, but that one has ${actual}. For a new one: \`azd env set CERTIFICATE_NAME <another name>\`, then \`azd up\`.`;
    });
}

type Operation = CertificateOperationState["certificateOperation"];

async function operationOf(client: CertificateClient, name: string, { signal }: HookContext): Promise<Operation> {
  const poller = await client.getCertificateOperation(name, { abortSignal: signal });
  return (poller.getOperationState() as CertificateOperationState).certificateOperation;
}

async function read(client: CertificateClient, name: string, { signal }: HookContext): Promise<KeyVaultCertificateWithPolicy | undefined> {
  try {
    return await client.getCertificate(name, { abortSignal: signal });
  } catch (error) {
    if (vaultRefusal(error).status === 404) return undefined;
    throw error;
  }
}

/** Of the vault's operation; nothing where there was none, or one that has failed, which is begun anew. */
async function statusOf(client: CertificateClient, name: string, context: HookContext): Promise<string | undefined> {
  try {
    return (await operationOf(client, name, context))?.status;
  } catch (error) {
    // the SDK throws the message of an operation that has failed, without anything else
    const hasFailed = error instanceof Error && error.constructor === Error;
    if (hasFailed || vaultRefusal(error).status === 404) return undefined;
    throw error;
  }
}

/** Waits until the vault's pending operation has ended well. */
async function finished(
  context: HookContext,
  { name, vaultUrl }: { readonly name: string; readonly vaultUrl: string },
  operation: () => Promise<Operation>,
): Promise<void> {
  const help = `Look at the certificate "${name}" in the portal, under its pending operation; then run \`azd hooks run postprovision\`.`;
  await eventually(context, { what: `the issuer of the certificate "${name}"`, tries: TRIES, help }, async () => {
    const { status, issuerName, error } = (await operation()) ?? {};
    if (status === "completed") return true;
    if (status === "inProgress" && issuerName === UNKNOWN_ISSUER) {
      const named = `--vault-name ${vaultName(vaultUrl)} --name ${name}`;
      throw new HookError(
        `The certificate "${name}" in ${vaultUrl} waits for its signature, since CERTIFICATE_ISSUER is ${UNKNOWN_ISSUER}.`,
        `Have its request signed (\`az keyvault certificate pending show ${named} --query csr --output tsv\`), merge the answer (\`az keyvault certificate pending merge ${named} --file <certificate>\`), then run \`azd hooks run postprovision\`.`,
      );
    }
    if (status === "inProgress") return undefined;
    throw new HookError(
      `The issuer did not make the certificate "${name}": ${error?.code ?? status}: ${error?.message ?? "no words"}`,
      help,
    );
  });
}

function leafOf({ cer }: KeyVaultCertificateWithPolicy): X509Certificate | undefined {
  return cer && cer.length > 0 ? new X509Certificate(cer) : undefined;
}

function describe(certificate: X509Certificate): string {
  const subject = certificate.subject.replaceAll("\n", ", ");
  return `${subject}, thumbprint ${certificate.fingerprint.replaceAll(":", "")}, until ${new Date(certificate.validTo).toISOString().slice(0, 10)}`;
}

/** As `az` takes it: `kv` of `https://kv.vault.azure.net`. */
function vaultName(vaultUrl: string): string {
  return new URL(vaultUrl).hostname.split(".")[0] ?? "";
}
