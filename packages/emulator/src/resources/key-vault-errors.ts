import { type Answer, json } from "../server/answer.js";
import { type FaultAnswers, retryAfter } from "../server/transport-fault.js";
import type { VaultNetwork } from "./vault.js";
import type { TokenRefusal } from "./verify-token.js";

/** The audience of the vault's tokens. */
export const VAULT_RESOURCE = "https://vault.azure.net";

/**
 * The vault's 401 texts about binding.
 *
 * @see PROTOCOL.md section 4
 */
export const BINDING_REFUSALS = {
  headerMissing: "Client certificate required for using MTLS_POP token.",
  certificateMissing: "MissingClientCertificate",
  certificateWrong: "MtlsCnfClaimRequestDataValidationFailed",
  bearerDisabled: "BearerAuthenticationDisabledForKeyVault",
} as const;

/** An error as Key Vault writes one. */
export function vaultError(status: number, code: string, message: string, innerCode?: string): Answer {
  return json(status, { error: { code, message, ...(innerCode === undefined ? {} : { innererror: { code: innerCode } }) } });
}

/** The 401, with the challenge that names authority and resource. */
export function unauthorized(message: string, authority: string): Answer {
  const answer = vaultError(401, "Unauthorized", message);
  const challenge = `Bearer authorization="${authority}", resource="${VAULT_RESOURCE}"`;
  return { ...answer, headers: { ...answer.headers, "www-authenticate": challenge } };
}

/** What the vault says of a token that it does not take. */
export function refusalText({ flaw, claims }: TokenRefusal): string {
  switch (flaw) {
    case "audience":
      return `AKV10022: Invalid audience. Expected ${VAULT_RESOURCE}, found: ${[claims?.aud ?? "none"].flat().join(", ")}.`;
    case "issuer":
      return `AKV10032: Invalid issuer. Found: ${claims?.iss ?? "none"}.`;
    case "signature":
      return "AKV10046: Unable to resolve the key used for signature validation.";
    case "expired":
    case "not-yet-valid":
      return "[TokenExpired] Error validating token: 'S2S12086'.";
    case "unconfirmed":
    case "certificate":
      return BINDING_REFUSALS.certificateWrong;
    case "malformed":
      return "AKV10001: Unable to parse JWT token.";
  }
}

/**
 * The 403 of an application whose binding was accepted and which has no role.
 *
 * @param action such as `secrets/getSecret/action`
 */
export function forbiddenByRbac(clientId: string, action: string, resource: string): Answer {
  const message = [
    "Caller is not authorized to perform action on resource.",
    "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
    `Caller: appid=${clientId}`,
    `Action: 'Microsoft.KeyVault/vaults/${action}'`,
    `Resource: '${resource}'`,
    "Assignment: (not found)",
  ].join("\r\n");
  return vaultError(403, "Forbidden", message, "ForbiddenByRbac");
}

/** What a vault says to whom its network settings do not let in, although it knows who it is; nothing when they do. */
export function forbiddenByNetwork(network: VaultNetwork, clientId: string): Answer | undefined {
  const caller = `\r\nCaller: appid=${clientId}`;
  switch (network) {
    case "open":
      return undefined;
    case "firewall": {
      const reason = "Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1";
      return vaultError(403, "Forbidden", `${reason}${caller}`, "ForbiddenByFirewall");
    }
    case "private-endpoint": {
      const reason = "Public network access is disabled and request is not from a trusted service nor via an approved private link.";
      return vaultError(403, "Forbidden", `${reason}${caller}`, "ForbiddenByConnection");
    }
  }
}

/** @param kind `Secret` or `Certificate` */
export function notFound(kind: string, name: string): Answer {
  const thing = kind.toLowerCase();
  const advice = `If you recently deleted this ${thing} you may be able to recover it using the correct recovery command.`;
  return vaultError(404, `${kind}NotFound`, `A ${thing} with (name/id) ${name} was not found in this key vault. ${advice}`);
}

/** The 409 of a name that a deleted object still has. */
export function deletedButRecoverable(kind: string, name: string): Answer {
  const message = `${kind} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; it can only be recovered or purged.`;
  return vaultError(409, "Conflict", message, "ObjectIsDeletedButRecoverable");
}

/** The faults that every server knows, in the vault's words. */
export const vaultFaultAnswers = (authority: string): FaultAnswers => ({
  throttled: (seconds) => {
    const reason = "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached";
    const answer = vaultError(429, "Throttled", reason);
    return { ...answer, headers: { ...answer.headers, ...retryAfter(seconds) } };
  },
  unavailable: (seconds) => {
    const answer = vaultError(503, "ServiceUnavailable", "The service is unavailable.");
    return { ...answer, headers: { ...answer.headers, ...retryAfter(seconds) } };
  },
  revokedCertificate: () => unauthorized("The client certificate has been revoked.", authority),
});
