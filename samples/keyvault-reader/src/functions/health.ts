import { app } from "@azure/functions";
import { tokensFromSettings, withMtlsPop } from "@mtls-pop/functions-adapter";
import { tokenState } from "../token-state.js";
import { VAULT_SCOPE } from "../vault.js";

const tokens = tokensFromSettings();

/**
 * `GET /api/health`: whether this app can get a bound token, and how long its certificate lasts; the same for leg 1 where the settings say
 * `federated`. Nothing secret is in it, but who the app is in the directory is no stranger's business, and a stranger shall not make it
 * ask for tokens: a key is needed here too.
 */
app.http("health", {
  methods: ["GET"],
  authLevel: "function",
  handler: withMtlsPop(async (_request, _context, { acquireToken }) => {
    const token = await acquireToken({ scopes: [VAULT_SCOPE] });
    const leg1 = await tokens.acquireLeg1Token();
    return {
      headers: { "cache-control": "no-store" },
      jsonBody: { status: "ok", ...tokenState(token), ...(leg1 && { leg1: tokenState(leg1) }) },
    };
  }),
});
