import type { Answer } from "../server/answer.js";
import type { Exchange } from "../server/exchange.js";
import type { TlsVersions } from "../server/tls-options.js";
import { startTlsServer, type TlsServer } from "../server/tls-server.js";
import { readAuthorization } from "./authorization.js";
import { CertificateStore } from "./key-vault-certificate-store.js";
import { BINDING_REFUSALS, refusalText, unauthorized, VAULT_RESOURCE, vaultFaultAnswers } from "./key-vault-errors.js";
import { answerVaultRequest } from "./key-vault-routes.js";
import { VAULT_DOMAIN } from "./resource-hosts.js";
import type { ResourceServerOptions } from "./resource-server.js";
import { SecretStore } from "./secret-store.js";
import { assertConfirmed, TokenRefusal, type VerifiedToken, verifyToken } from "./verify-token.js";

/** `enforce`: bound tokens alone. `optional`: unbound Bearer tokens as well. */
export type VaultMode = "enforce" | "optional";

/** What of the vaults can be chosen. */
export interface KeyVaultSettings extends TlsVersions {
  /** @default "enforce" */
  readonly mode?: VaultMode;
}

export interface KeyVaultOptions extends ResourceServerOptions, KeyVaultSettings {}

/** The emulated vaults; every name under `vault.emulator.localhost` has the same secrets and certificates. */
export interface KeyVault {
  /** `https://contoso.vault.emulator.localhost:{port}` */
  readonly url: string;
  readonly secrets: SecretStore;
  readonly certificates: CertificateStore;
  /** Gives a role to these applications alone, or to all again; the others get 403. */
  restrictTo(clientIds: readonly string[] | "everyone"): void;
}

/**
 * Starts a vault that reads the request first and then, for a bound token, asks for the certificate by TLS 1.2 renegotiation.
 *
 * @see PROTOCOL.md section 4
 */
export async function startKeyVault(options: KeyVaultOptions): Promise<{ keyVault: KeyVault; server: TlsServer }> {
  const { authority } = options;
  const secrets = new SecretStore();
  const certificates = new CertificateStore(secrets);
  let permitted: ReadonlySet<string> | "everyone" = "everyone";
  const server = await startTlsServer({
    ...options,
    name: "key-vault",
    asksForCertificate: false,
    faultAnswers: vaultFaultAnswers(authority),
    handle: async (exchange) => {
      const caller = await authenticate(exchange, options);
      if (!("clientId" in caller)) return caller;
      const isPermitted = permitted === "everyone" || permitted.has(caller.clientId);
      return answerVaultRequest(exchange, { secrets, certificates }, caller.clientId, isPermitted);
    },
  });
  const keyVault: KeyVault = {
    url: `https://contoso.${VAULT_DOMAIN}:${server.port}`,
    secrets,
    certificates,
    restrictTo: (clientIds) => {
      permitted = clientIds === "everyone" ? clientIds : new Set(clientIds);
    },
  };
  return { keyVault, server };
}

/** The application behind a request, or the answer that refuses it. */
async function authenticate(exchange: Exchange, { authority, mode = "enforce", trust }: KeyVaultOptions): Promise<VerifiedToken | Answer> {
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
