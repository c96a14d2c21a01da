import type { Answer } from "../server/answer.js";
import type { Exchange } from "../server/exchange.js";
import type { TlsVersions } from "../server/tls-options.js";
import { startTlsServer, type TlsServer } from "../server/tls-server.js";
import { readAuthorization } from "./authorization.js";
import { BINDING_REFUSALS, forbiddenByNetwork, refusalText, unauthorized, VAULT_RESOURCE, vaultFaultAnswers } from "./key-vault-errors.js";
import { answerVaultRequest } from "./key-vault-routes.js";
import { VAULT_DOMAIN } from "./resource-hosts.js";
import type { ResourceServerOptions } from "./resource-server.js";
import { Vault, type VaultMode } from "./vault.js";
import { assertConfirmed, TokenRefusal, type VerifiedToken, verifyToken } from "./verify-token.js";

/** What of the vaults can be chosen. */
export interface KeyVaultSettings extends TlsVersions {
  /** @default "enforce" */
  readonly mode?: VaultMode;
}

export interface KeyVaultOptions extends ResourceServerOptions, KeyVaultSettings {}

/** The emulated vaults. Every name under `vault.emulator.localhost` is this one vault, but those that were added. */
export interface KeyVault extends Pick<Vault, "url" | "secrets" | "certificates" | "restrictTo" | "mode" | "network"> {
  /**
   * Adds a vault with secrets, certificates and roles of its own, or takes one out of the way of its name.
   *
   * @param name its first label
   * @param mode @default that of the others
   * @throws {TypeError} for a name that no vault can have
   */
  add(name: string, mode?: VaultMode): Vault;
}

/**
 * Starts a vault that reads the request first and then, for a bound token, asks for the certificate by TLS 1.2 renegotiation.
 *
 * @see PROTOCOL.md section 4
 */
export async function startKeyVault(options: KeyVaultOptions): Promise<{ keyVault: KeyVault; server: TlsServer }> {
  const { authority, mode = "enforce" } = options;
  const added = new Map<string, Vault>();
  const server = await startTlsServer({
    ...options,
    name: "key-vault",
    asksForCertificate: false,
    faultAnswers: vaultFaultAnswers(authority),
    handle: async (exchange) => {
      const vault = added.get(exchange.url.hostname.split(".", 1)[0] ?? "") ?? common;
      const caller = await authenticate(exchange, vault.mode, options);
      if (!("clientId" in caller)) return caller;
      return forbiddenByNetwork(vault.network, caller.clientId) ?? answerVaultRequest(exchange, vault, caller.clientId);
    },
  });
  const urlOf = (name: string): string => `https://${name}.${VAULT_DOMAIN}:${server.port}`;
  const common = new Vault(urlOf("contoso"), mode);
  const add = (name: string, ownMode: VaultMode = mode): Vault => {
    if (!/^[a-z][a-z0-9-]{2,23}$/.test(name))
      throw new TypeError(`A vault's name is 3 to 24 small letters, digits and dashes, not "${name}".`);
    const vault = new Vault(urlOf(name), ownMode);
    added.set(name, vault);
    return vault;
  };
  return { keyVault: Object.assign(common, { add }), server };
}

/** The application behind a request, or the answer that refuses it. */
async function authenticate(exchange: Exchange, mode: VaultMode, { authority, trust }: KeyVaultOptions): Promise<VerifiedToken | Answer> {
  const { headers } = exchange.request;
  const authorization = readAuthorization(headers["authorization"]);
  try {
    if (authorization?.scheme === "mtls_pop") {
      if (headers["x-ms-tokenboundauth"] !== "true") return unauthorized(BINDING_REFUSALS.headerMissing, authority);
      const certificate = await exchange.demandClientCertificate();
      if (!certificate) return unauthorized(BINDING_REFUSALS.certificateMissing, authority);
      const token = await verifyToken(authorization.token, trust, VAULT_RESOURCE);
      assertConfirmed(token, certificate);
      return token;
    }
    if (authorization?.scheme === "bearer") {
      if (mode === "enforce") return unauthorized(BINDING_REFUSALS.bearerDisabled, authority);
      const token = await verifyToken(authorization.token, trust, VAULT_RESOURCE);
      if (token.claims["cnf"] === undefined) return token;
      return unauthorized("Cnf claim not supported over Bearer protocol.", authority);
    }
  } catch (error) {
    if (error instanceof TokenRefusal) return unauthorized(refusalText(error), authority);
    throw error;
  }
  return unauthorized("AKV10000: Request is missing a Bearer or PoP token.", authority);
}
