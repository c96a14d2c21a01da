import { appClients } from "./app-clients.js";
import type { SettingsTokens } from "./credentials/credential.js";
import { lazyTokens } from "./credentials/lazy-tokens.js";

/**
 * The tokens of whatever the app settings describe, on their own: for what takes a token source outside a wrapped handler, for a Bearer
 * token, and for leg 1 of a federated credential. Wrapped handlers use the same source, so one cache serves all.
 *
 * Call it where functions are registered. Settings are read, and refused, when a token is asked for.
 *
 * @example
 * ```ts
 * const tokens = tokensFromSettings();
 * app.timer("report", {
 *   schedule: "0 0 6 * * *",
 *   handler: async (_timer, context) => {
 *     const { expiresOn } = await tokens.acquireBearerToken({ scopes: ["https://storage.azure.com/.default"] });
 *     context.log(`A Bearer token until ${expiresOn.toISOString()}.`);
 *   },
 * });
 * ```
 */
export function tokensFromSettings(): SettingsTokens {
  const clients = appClients();
  return lazyTokens(() => clients.credential());
}
