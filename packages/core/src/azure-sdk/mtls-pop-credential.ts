import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import type { BoundToken, BoundTokenSource } from "../application/bound-token-source.js";
import { MtlsPopError } from "../errors.js";
import { assertOptions, type OptionRule, text } from "../internal/options.js";
import { assertBound } from "../resource/bound-token.js";
import { tokenSourceRule } from "../resource/resource.js";
import { CallSignal } from "./call-signal.js";
import { TokenHandles } from "./token-handle.js";

/** When the SDK asks again for the handle of a token that does not say when it ends, in milliseconds. */
const ASK_AGAIN_MS = 10 * 60 * 1000;

/** Options of {@link MtlsPopCredential}. */
export interface MtlsPopCredentialOptions {
  /** Acquires the tokens: an application, an acquirer, or anything with `acquireBoundToken()`. */
  tokens: BoundTokenSource;
}

const RULES = { tokens: { ...tokenSourceRule, required: true } } satisfies Record<keyof MtlsPopCredentialOptions, OptionRule>;

/** What an HTTP client shares with its credential, and nobody else sees. */
export interface CredentialParts {
  readonly tokens: BoundTokenSource;
  readonly handles: TokenHandles;
}

const parts = new WeakMap<object, CredentialParts>();

/**
 * A credential for the clients of the Azure SDK whose token never leaves this package: the SDK's policies write `Bearer` in front of
 * whatever a credential returns, so `getToken()` acquires the bound token and returns a handle. Only the HTTP client that
 * `createMtlsPopHttpClient` makes for this credential exchanges it for the token; a client without that one sends a text that is worth nothing.
 *
 * @example
 * ```ts
 * import { createMtlsPopHttpClient, MtlsPopCredential } from "@mtls-pop/core/azure-sdk";
 * import { SecretClient } from "@azure/keyvault-secrets";
 *
 * const credential = new MtlsPopCredential({ tokens: application });
 * const httpClient = createMtlsPopHttpClient({ credential });
 * const secrets = new SecretClient("https://contoso.vault.azure.net", credential, { httpClient });
 * const { value } = await secrets.getSecret("my-secret");
 * await httpClient.close();
 * ```
 */
export class MtlsPopCredential implements TokenCredential {
  /** @throws {MtlsPopError} `invalid_options` */
  constructor(options: MtlsPopCredentialOptions) {
    assertOptions("MtlsPopCredential", options, RULES);
    parts.set(this, { tokens: options.tokens, handles: new TokenHandles() });
  }

  /**
   * Acquires a bound token, with the claims of a challenge where there was one, and gives the handle for it.
   *
   * A challenge's `tenantId` is not followed: the identity, and with it the tenant, is that of `tokens`.
   *
   * @param scopes one resource's scope, such as `https://vault.azure.net/.default`
   * @throws {MtlsPopError} `invalid_options`, `token_not_bound`, and as the token source does; an AbortError when aborted
   */
  async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    const scope = onlyScope(scopes);
    const { tokens, handles } = partsOf(this);
    const signal = new CallSignal(options.abortSignal, options.requestOptions?.timeout);
    try {
      const token = await signal.race(() => tokens.acquireBoundToken({ scopes: [scope], claims: options.claims, signal: signal.native }));
      assertBound(token);
      return { token: handles.issue(scope), expiresOnTimestamp: endOf(token) };
    } finally {
      signal.release();
    }
  }
}

/** @throws {TypeError} for what is no {@link MtlsPopCredential} */
export function partsOf(credential: MtlsPopCredential): CredentialParts {
  const found = parts.get(credential);
  if (!found) throw new TypeError("getToken() was called on something that is no MtlsPopCredential.");
  return found;
}

export const credentialRule: OptionRule = {
  expected: "an MtlsPopCredential",
  test: (value) => typeof value === "object" && value !== null && parts.has(value),
};

function onlyScope(scopes: unknown): string {
  const given: unknown[] = [scopes].flat();
  const [scope] = given;
  if (given.length === 1 && typeof scope === "string" && text.test(scope)) return scope;
  throw new MtlsPopError("invalid_options", `getToken() takes the scope of one resource, but got ${given.length} of them or no text.`, {
    help: 'Pass one, such as "https://vault.azure.net/.default".',
  });
}

/** As milliseconds since 1970; a token of one's own may not say. */
function endOf(token: BoundToken): number {
  const expiresOn: unknown = Reflect.get(token, "expiresOn");
  return expiresOn instanceof Date ? expiresOn.getTime() : Date.now() + ASK_AGAIN_MS;
}
