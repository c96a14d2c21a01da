import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import { MtlsPopError } from "../index.js";
import { withoutRequest } from "./vault-errors.js";

/**
 * The identity as the SDK's clients are given it: they come for a token with each request, and keep none. A token that they keep they renew
 * ahead of its end, behind a request: a failure there is awaited by nobody and would end the process. Credentials keep tokens themselves.
 *
 * @param label of the certificate, as a sentence begins with it
 */
export class VaultCredential implements TokenCredential {
  readonly #credential: TokenCredential;
  readonly #label: string;

  constructor(credential: TokenCredential, label: string) {
    this.#credential = credential;
    this.#label = label;
  }

  /** @throws {MtlsPopError} `key_vault_credential_failed`, or what the credential throws of these itself */
  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
    try {
      const given = await this.#credential.getToken(scopes, options);
      return given && { token: given.token, expiresOnTimestamp: 0 };
    } catch (error) {
      throw error instanceof MtlsPopError ? error : noToken(error, this.#label);
    }
  }
}

function noToken(cause: unknown, label: string): MtlsPopError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new MtlsPopError("key_vault_credential_failed", `${label} was not asked for: there is no token to ask with. ${said}`, {
    cause: typeof cause === "object" && cause !== null && "request" in cause ? withoutRequest(cause, said) : cause,
    help:
      "On App Service and Functions, assign a managed identity to the app and, for a user-assigned one, put its client id in " +
      "MTLS_POP_MANAGED_IDENTITY_CLIENT_ID (AZURE_CLIENT_ID is the application's). Locally, log in with a tool that DefaultAzureCredential " +
      "knows, such as `az login`, or pass `credential`.",
  });
}
