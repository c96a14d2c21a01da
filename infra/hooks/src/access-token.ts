import type { AccessToken, TokenCredential } from "@azure/core-auth";
import { HookError, messageOf } from "./hook-error.js";

/** A token is asked for anew when it has less than this to live. */
const MARGIN_MS = 5 * 60_000;

/**
 * Tokens of azd's login for one scope. Each one costs a start of azd, so it is kept while it lasts, and those who ask meanwhile share it.
 *
 * @throws {HookError} when nobody is logged in, or not for this tenant
 */
export function accessTokens(credential: TokenCredential, scope: string, tenantId: string | undefined): () => Promise<string> {
  let flight: Promise<AccessToken> | undefined;
  let until = 0;
  return async () => {
    if (!flight || until - MARGIN_MS <= Date.now()) {
      until = Number.POSITIVE_INFINITY;
      flight = acquire(credential, scope, tenantId);
    }
    const { token, expiresOnTimestamp } = await flight;
    until = expiresOnTimestamp;
    return token;
  };
}

async function acquire(credential: TokenCredential, scope: string, tenantId: string | undefined): Promise<AccessToken> {
  const what = new URL(scope).origin;
  const help = `Log in with \`azd auth login${tenantId === undefined ? "" : ` --tenant-id ${tenantId}`}\`. azd's own login is what is used; \`az login\` is not.`;
  let token: AccessToken | null;
  try {
    token = await credential.getToken(scope);
  } catch (error) {
    throw new HookError(`azd has no token for ${what}: ${messageOf(error)}`, help, error);
  }
  if (!token) throw new HookError(`azd has no token for ${what}.`, help);
  return token;
}
