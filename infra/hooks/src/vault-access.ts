import { eventually } from "./eventually.js";
import type { HookContext } from "./hook-context.js";
import { HookError } from "./hook-error.js";
import { type VaultRefusal, vaultRefusal } from "./vault-refusal.js";

/** Ten minutes at the usual pace: as long as a role assignment may take. @see https://learn.microsoft.com/azure/role-based-access-control/troubleshooting */
const TRIES = 60;

/** What to do about a refusal, by the vault's finer code. */
const ADVICE: Readonly<Record<string, string>> = {
  ForbiddenByFirewall:
    "The vault's firewall does not know this address: let it in with `azd env set ALLOWED_IP_ADDRESSES <address>` and `azd provision`, or run `azd hooks run postprovision` inside the network.",
  ForbiddenByConnection:
    "The vault is reached by its private endpoint alone: run `azd hooks run postprovision` inside the network, or let this address in with `azd env set ALLOWED_IP_ADDRESSES <address>` and `azd provision`.",
  ObjectIsDeletedButRecoverable:
    "One of this name was deleted and can be recovered: `az keyvault certificate recover` or `az keyvault secret recover`, then run `azd hooks run postprovision`.",
  ObjectIsBeingDeleted: "One of this name is being deleted: wait a minute, recover it, then run `azd hooks run postprovision`.",
  TimeoutError: "Check the network, and whether a proxy is in the way; then run `azd hooks run postprovision` again.",
  ENOTFOUND:
    "The vault's name is not known: run `azd provision`, and check CERTIFICATE_VAULT_URL and KEY_VAULT_URL with `azd env get-values`.",
};

/** 403s that no role assignment changes. */
const NOT_BY_ROLE: ReadonlySet<string> = new Set(["ForbiddenByFirewall", "ForbiddenByConnection", "AccountDisabled", "SecretDisabled"]);

/** A vault, and what the caller has to be allowed there. */
export interface VaultAccess {
  readonly vaultUrl: string;
  /** The built-in role. */
  readonly role: string;
  /** What is being done, for errors: `Making the certificate "x"`. */
  readonly doing: string;
}

/**
 * Does something in a vault. A role assignment takes minutes until it holds, so that a 403 of the vault's roles is tried again for ten
 * minutes; a 403 of its firewall is not.
 *
 * @throws {HookError} with the vault's words, and the role or setting to change
 */
export async function inVault<T>(context: HookContext, access: VaultAccess, action: () => Promise<T>): Promise<T> {
  const { vaultUrl, role, doing } = access;
  const what = `the role "${role}" on ${vaultUrl} to hold for your account`;
  const help = `Give your account the role "${role}" on the vault, then run \`azd hooks run postprovision\`. infra/main.bicep assigns it to AZURE_PRINCIPAL_ID, which is azd's login.`;
  let last: VaultRefusal | undefined;
  try {
    const { value } = await eventually(context, { what, tries: TRIES, help }, async () => {
      try {
        return { value: await action() };
      } catch (error) {
        last = vaultRefusal(error);
        if (last.status !== 403 || NOT_BY_ROLE.has(last.code)) throw error;
        return undefined;
      }
    });
    return value;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof HookError) throw new HookError(`${error.message} The vault's last words: ${last?.words}`, error.help, error);
    const { status, code, words } = vaultRefusal(error);
    const facts = [status, code].filter(Boolean).join(", ");
    const advice = ADVICE[code] ?? "Run `azd hooks run postprovision` again; if it lasts, look at the vault in the portal.";
    throw new HookError(`${doing} in ${vaultUrl} failed${facts && ` (${facts})`}: ${words}`, advice, error);
  }
}
